import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { Failure, Misuse, misuse } from './faults.ts'

/** What `rollcall serve` was asked for. */
export interface ServeOptions {
  readonly file: string
  readonly port: number
  readonly host: string
  /** How many processes; null to serve in this one. */
  readonly workers: number | null
  /** The file of the log; null for one in memory. */
  readonly log: string | null
}

const MAX_WORKERS = 1_024

export function readServeOptions(args: readonly string[]): ServeOptions {
  const text = { type: 'string' } as const
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options: { port: text, host: text, workers: text, log: text },
      allowPositionals: true,
    })
    const [file, ...more] = positionals
    if (file === undefined) throw new Misuse('serve needs the file of an app: rollcall serve app.ts')
    if (more.length > 0) throw new Misuse(`serve takes one file, not also ${more.join(' ')}`)
    const { PORT, HOST } = process.env
    return {
      file,
      port: toPort(values.port ?? (PORT || '8210')),
      host: values.host ?? (HOST || '127.0.0.1'),
      workers: values.workers === undefined ? null : toWorkers(values.workers),
      log: values.log ?? null,
    }
  } catch (error) {
    throw error instanceof Misuse ? error : misuse(error)
  }
}

function toPort(text: string): number {
  const port = Number(text)
  if (!/^\d{1,5}$/.test(text) || port > 65_535) throw new Misuse(`The port must be 0 to 65535, not "${text}"`)
  return port
}

function toWorkers(text: string): number {
  if (text === 'auto') return availableParallelism()
  const workers = Number(text)
  if (!/^\d{1,4}$/.test(text) || workers < 1 || workers > MAX_WORKERS)
    throw new Misuse(`The workers must be 1 to ${MAX_WORKERS}, or auto, not "${text}"`)
  return workers
}

/** Why a server cannot listen, and what to do. */
export function listenFailure(error: unknown, { port, host }: Pick<ServeOptions, 'port' | 'host'>): unknown {
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
