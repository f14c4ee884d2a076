import { provideSurroundings } from '../surroundings.ts'
import { loadApp, loadLog } from './load.ts'
import { listenFailure, readServeOptions, type ServeOptions } from './serve-options.ts'
import { sayStopping, stopOnSignal } from './stopping.ts'

/** `rollcall serve`: listens until it is told to stop. */
export async function serve(args: readonly string[]): Promise<number> {
  const options = readServeOptions(args)
  const code = await (options.workers === null ? serveHere(options) : serveWithWorkers(options))
  // The program may hold on to other things; it was asked to end.
  process.exit(code)
}

async function serveHere({ file, port, host, log }: ServeOptions): Promise<number> {
  const opened = log === null ? null : await loadLog(log)
  if (opened) provideSurroundings({ log: opened })
  const app = await loadApp(file).catch(async (error: unknown) => {
    // What is open would keep the process.
    await opened?.close()
    throw error
  })
  const { code, stop } = stopOnSignal(() => app.close().then(() => true), sayStopping)
  // A terminal that is closed; to a program it can mean something else.
  if (process.listenerCount('SIGHUP') === 0) process.on('SIGHUP', stop)
  const { url } = await app.listen({ port, host }).catch(async (error: unknown) => {
    await app.close()
    throw listenFailure(error, { port, host })
  })
  process.stdout.write(`listening on ${url}\n`)
  return code
}

// Imported when asked for, as the commands are.
async function serveWithWorkers(options: ServeOptions): Promise<number> {
  const { serveWorkers } = await import('./serve-workers.ts')
  return serveWorkers(options, options.workers ?? 1)
}
