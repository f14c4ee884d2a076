import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createInterface } from 'node:readline'
import { LINE_MARK } from './lines.ts'

export interface ProgramPlan {
  /** For messages. */
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  /** The only cores that it may run on, such as `0,1`, where the machine can do that. */
  readonly cores: string
}

interface Asked {
  resolve(result: unknown): void
  reject(error: Error): void
}

let taskset: boolean | null = null

/** Whether processes can be pinned to a core here. */
export function canPin(): boolean {
  taskset ??= spawnSync('taskset', ['-c', '0,1', 'true']).status === 0
  return taskset
}

/** A process of the benchmark that answers questions: see `lines.ts`. */
export class Program {
  readonly name: string
  readonly #child: ChildProcess
  readonly #asked = new Map<number, Asked>()
  readonly #ended: Promise<void>
  #lastId = 0
  #errors = ''
  #end: string | null = null

  static start({ name, command, args, cores }: ProgramPlan): Program {
    const pinned = canPin() ? ['taskset', '-c', cores, command, ...args] : [command, ...args]
    const [program = command, ...rest] = pinned
    return new Program(name, spawn(program, rest, { stdio: ['pipe', 'pipe', 'pipe'] }))
  }

  private constructor(name: string, child: ChildProcess) {
    this.name = name
    this.#child = child
    if (!child.stdin || !child.stdout || !child.stderr) throw new TypeError('A program needs its three pipes')
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.startsWith(LINE_MARK)) this.#hear(line.slice(LINE_MARK.length))
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#errors = (this.#errors + text).slice(-2000)
    })
    child.stdin.on('error', () => undefined)
    this.#ended = new Promise((resolve) => {
      const ended = (how: string): void => {
        this.#end ??= `${name} ended with ${how}${this.#errors ? `: ${tellingLine(this.#errors)}` : ''}`
        for (const { reject } of this.#asked.values()) reject(new Error(this.#end))
        this.#asked.clear()
        resolve()
      }
      child.on('error', (error) => ended(error.message))
      child.on('close', (code, signal) => ended(String(signal ?? code)))
    })
  }

  get pid(): number {
    return this.#child.pid ?? Number.NaN
  }

  /** @throws what the program threw, or how it ended. */
  ask<T>(what: string, given: unknown = null): Promise<T> {
    if (this.#end !== null) return Promise.reject(new Error(this.#end))
    const id = ++this.#lastId
    this.#child.stdin?.write(`${JSON.stringify({ id, ask: what, given })}\n`)
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve: (result) => resolve(result as T), reject })
    })
  }

  /** Closes its input, upon which it ends by itself; after three seconds it is killed. */
  async stop(): Promise<void> {
    this.#child.stdin?.end()
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 3000)
    await this.#ended
    clearTimeout(timer)
  }

  #hear(line: string): void {
    const { id, result, error } = JSON.parse(line) as { id: number; result?: unknown; error?: string }
    const asked = this.#asked.get(id)
    this.#asked.delete(id)
    if (error === undefined) asked?.resolve(result)
    else asked?.reject(new Error(`${this.name}: ${error}`))
  }
}

/** The line of a crash's output that says what was wrong. */
function tellingLine(errors: string): string {
  const lines = errors.trim().split('\n')
  return (lines.find((line) => /^\w*Error\b/.test(line)) ?? lines.at(-1) ?? '').trim()
}
