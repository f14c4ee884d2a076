import { parseArgs } from 'node:util'
import type { App } from '../app.ts'
import { Failure, Misuse, misuse } from './faults.ts'
import { loadApp } from './load.ts'

/** `rollcall serve`: listens until it is told to stop. */
export async function serve(args: readonly string[]): Promise<number> {
  const { file, port, host } = readArgs(args)
  const app = await loadApp(file)
  const stopped = stopOnSignal(app)
  const { url } = await app.listen({ port, host }).catch((error: unknown) => {
    throw listenFailure(error, port, host)
  })
  process.stdout.write(`listening on ${url}\n`)
  const code = await stopped
  // The program may hold on to other things; it was asked to end.
  process.exit(code)
}

function readArgs(args: readonly string[]): { file: string; port: number; host: string } {
  const options = { port: { type: 'string' }, host: { type: 'string' } } as const
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
    const [file, ...more] = positionals
    if (file === undefined) throw new Misuse('serve needs the file of an app: rollcall serve app.ts')
    if (more.length > 0) throw new Misuse(`serve takes one file, not also ${more.join(' ')}`)
    const { PORT, HOST } = process.env
    return { file, port: toPort(values.port ?? (PORT || '8210')), host: values.host ?? (HOST || '127.0.0.1') }
  } catch (error) {
    throw error instanceof Misuse ? error : misuse(error)
  }
}

function toPort(text: string): number {
  const port = Number(text)
  if (!/^\d{1,5}$/.test(text) || port > 65_535) throw new Misuse(`The port must be 0 to 65535, not "${text}"`)
  return port
}

function listenFailure(error: unknown, port: number, host: string): unknown {
  const where = `Cannot listen on ${host}:${port}`
  switch ((error as { code?: unknown }).code) {
    case 'EADDRINUSE':
      return new Failure(`${where}: the port is in use. Choose another one with --port`)
    case 'EACCES':
      return new Failure(`${where}: that needs more rights. Choose a port above 1023`)
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new Failure(`${where}: ${host} is no address of this machine`)
    default:
      return error
  }
}

// Runners such as npx hand on a signal that the terminal has given us already: that one is the same, not a second.
const SAME_SIGNAL_MS = 500

/** Resolves with the exit code when the app has stopped after a signal. */
function stopOnSignal(app: App): Promise<number> {
  return new Promise((resolve) => {
    let since: number | null = null
    const stop = () => {
      const now = performance.now()
      if (since !== null && now - since > SAME_SIGNAL_MS) process.exit(1)
      if (since !== null) return
      since = now
      process.stderr.write('stopping\n')
      app.close().then(
        () => resolve(0),
        (error: unknown) => {
          process.stderr.write(`rollcall: stopping failed: ${error instanceof Error ? error.stack : String(error)}\n`)
          resolve(1)
        },
      )
    }
    process.on('SIGINT', stop)
    process.on('SIGTERM', stop)
  })
}
