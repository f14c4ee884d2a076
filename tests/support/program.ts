import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The repository's root folder, with a slash at its end. */
export const root: string = fileURLToPath(new URL('../..', import.meta.url))

export interface ProgramOptions {
  readonly args?: readonly string[]
  /** Added to this process's environment; `undefined` takes a variable away. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Default: the repository's root. */
  readonly cwd?: string
  /** How long it may take to print its line, in milliseconds. Default 30,000. */
  readonly deadlineMs?: number
}

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** A running child process whose output is kept. */
export interface Program {
  readonly pid: number
  readonly child: ChildProcess
  /** The match of the line that was waited for. */
  readonly ready: RegExpMatchArray
  /** Everything it has printed so far, on both streams. */
  output(): string
  readonly exited: Promise<Exit>
  /** Sends a signal, SIGTERM by default, and waits for the end; after 20 s it kills. Can be called again. */
  stop(signal?: NodeJS.Signals): Promise<Exit>
}

/**
 * Starts a program and waits until it has printed what matches. Stop it in your `afterEach`.
 * Rejects, its output in the message, when it ends before or takes too long.
 */
export async function startProgram(command: string, ready: RegExp, options: ProgramOptions = {}): Promise<Program> {
  const { args = [], env = {}, cwd = root, deadlineMs = 30_000 } = options
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  let text = ''
  const exited = new Promise<Exit>((resolve) => child.once('close', (code, signal) => resolve({ code, signal })))

  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal)
    const kill = setTimeout(() => child.kill('SIGKILL'), 20_000)
    const exit = await exited
    clearTimeout(kill)
    return exit
  }

  const match = await new Promise<RegExpMatchArray>((resolve, reject) => {
    const refuse = (what: string): void => {
      clearTimeout(timer)
      child.kill('SIGKILL')
      reject(new Error(`${command} ${args.join(' ')} ${what}; it printed:\n${text}`))
    }
    const timer = setTimeout(() => refuse(`did not print ${ready} within ${deadlineMs} ms`), deadlineMs)
    child.once('error', (cause) => refuse(`cannot be started: ${cause.message}`))
    child.once('close', (code, signal) => refuse(`ended with ${signal ?? code} before it printed ${ready}`))
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (part: string) => {
        text += part
        const found = text.match(ready)
        if (!found) return
        clearTimeout(timer)
        resolve(found)
      })
  })
  return { pid: child.pid ?? 0, child, ready: match, output: () => text, exited, stop }
}

export interface Lobby extends Program {
  /** Such as `http://127.0.0.1:40123`, without a slash at its end. */
  readonly url: string
}

/** Starts the built lobby on a free port of the loopback interface. Give a `PORT` to start one where another was. */
export async function startLobby(options: ProgramOptions = {}): Promise<Lobby> {
  const env = { PORT: '0', HOST: '127.0.0.1', ...options.env }
  const args = ['apps/lobby/dist/server.js', ...(options.args ?? [])]
  const program = await startProgram(process.execPath, /https?:\/\/[^\s/]+/, { ...options, env, args })
  return { ...program, url: program.ready[0] }
}
