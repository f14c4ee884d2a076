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
  if (log !== null) provideSurroundings({ log: await loadLog(log) })
  const app = await loadApp(file)
  const { code } = stopOnSignal(() => app.close().then(() => true), sayStopping)
  const { url } = await app.listen({ port, host }).catch((error: unknown) => {
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
