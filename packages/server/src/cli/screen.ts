import { clearLine, createInterface, cursorTo, type Interface, moveCursor } from 'node:readline'
import { type Happening, isAside, jsonOf, lineOf } from './transcript.ts'

/** Standard input and output: a terminal, at which lines come in above what is being typed, or pipes. */
export class Screen {
  readonly #json: boolean
  readonly #terminal: boolean
  #typing: Interface | null = null

  constructor(json: boolean) {
    this.#json = json
    this.#terminal = process.stdin.isTTY === true && process.stdout.isTTY === true
  }

  show(happening: Happening): void {
    const line = this.#json ? jsonOf(happening) : lineOf(happening, new Date())
    if (line === null) return
    const out = !this.#json && isAside(happening) ? process.stderr : process.stdout
    if (!this.#typing || !this.#terminal) {
      out.write(`${line}\n`)
      return
    }
    cursorTo(process.stdout, 0)
    clearLine(process.stdout, 0)
    out.write(`${line}\n`)
    this.#typing.prompt(true)
  }

  /** The lines of the input. At a terminal Ctrl-C is a key, and calls `interrupted`. */
  async *lines(interrupted: () => void): AsyncGenerator<string> {
    const { stdin: input, stdout: output } = process
    const typing = this.#terminal ? createInterface({ input, output, prompt: '> ' }) : createInterface({ input })
    this.#typing = typing
    typing.on('SIGINT', interrupted)
    if (this.#terminal) typing.prompt()
    for await (const line of typing) {
      if (this.#terminal) {
        // It comes back as a message: what was typed makes room.
        moveCursor(output, 0, -1)
        clearLine(output, 0)
        typing.prompt()
        if (line === '') continue
      }
      yield line
    }
  }

  close(): void {
    // Off the line of what was being typed.
    if (this.#typing && this.#terminal) process.stdout.write('\n')
    this.#typing?.close()
    // Input that is still open would keep the process.
    process.stdin.unref?.()
    process.stdin.destroy()
  }
}
