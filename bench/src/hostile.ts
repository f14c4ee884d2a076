import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { canPin } from './program.ts'

export interface HostilePlan {
  /** The file of the program, bundled. */
  readonly program: string
  readonly attack: string
  readonly url: string
  /** Where its victims are. */
  readonly topic: string
  readonly cores: string
}

/**
 * A hostile client, a process of its own. It shares the generator's core and gives way to it there: what an attacker
 * computes is computed elsewhere, and must not be taken for what it costs the others.
 */
export class Hostile {
  readonly #child: ChildProcess
  readonly #ended: Promise<unknown>
  #output = ''

  static async start({ program, attack, url, topic, cores }: HostilePlan): Promise<Hostile> {
    const run = ['nice', '-n', '19', process.execPath, program, attack, url, topic]
    const [command = '', ...args] = canPin() ? ['taskset', '-c', cores, ...run] : run
    const hostile = new Hostile(spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'] }))
    await hostile.#attacking()
    return hostile
  }

  private constructor(child: ChildProcess) {
    this.#child = child
    this.#ended = once(child, 'close')
    child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text
    })
  }

  async #attacking(): Promise<void> {
    while (!this.#output.includes('attacking')) {
      if (this.#child.exitCode !== null) throw new Error(`The hostile client ended with ${this.#child.exitCode}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  /** Ends it, and tells how often it has come. */
  async stop(): Promise<number> {
    this.#child.kill()
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 3000)
    await this.#ended
    clearTimeout(timer)
    return Number(/came (\d+)/.exec(this.#output)?.[1] ?? Number.NaN)
  }
}
