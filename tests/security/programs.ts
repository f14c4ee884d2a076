import { bundle } from '../../scripts/from-sources.mjs'
import { type Program, startProgram } from '../support/program.ts'
import { until } from '../support/until.ts'

/** How a server is, as it says once a second. */
interface State {
  readonly cpuMs: number
  readonly delayMs: number
  readonly bufferBytes: number
  readonly connections: number
  readonly closes: Readonly<Record<string, number>>
  readonly closedAsSlow: number
}

export interface ServerProgram extends Program {
  readonly url: string
  /** All that it has said of itself. */
  states(): readonly State[]
  /** What it says next. */
  next(): Promise<State>
}

export interface ServerOptions {
  readonly limits?: object
  /** Runs in front of it, such as `prlimit --nofile=100`. */
  readonly under?: readonly string[]
  readonly node?: readonly string[]
}

/** The server of `programs/server.ts` as a process. Stop it when done. */
export async function startServer({ limits = {}, under = [], node = [] }: ServerOptions = {}): Promise<ServerProgram> {
  const file = await bundle('tests/security/programs/server.ts', 'attacked')
  const [command = '', ...args] = [...under, process.execPath, ...node, '--enable-source-maps', file]
  const program = await startProgram(command, /listening at (\S+)/, { args, env: { LIMITS: JSON.stringify(limits) } })
  const states = () =>
    [...program.output().matchAll(/^state (.*)$/gm)].map(([, json = '']) => JSON.parse(json) as State)
  return {
    ...program,
    url: program.ready[1] ?? '',
    states,
    async next() {
      const seen = states().length
      await until(() => states().length > seen, { what: 'the next word of the server', deadlineMs: 20_000 })
      return states().at(-1) as State
    },
  }
}

/** The hostile client of `programs/hostile.ts` as a process. */
export async function startHostile(attack: string, url: string, address: string): Promise<Program> {
  const file = await bundle('tests/security/programs/hostile.ts', 'hostile')
  return startProgram(process.execPath, /attacking/, { args: [file, attack, url, 'room:a', address] })
}
