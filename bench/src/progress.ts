import { format } from './report/format.ts'

/** One line that says what is being measured: rewritten in a terminal, a line each elsewhere. */
export class Progress {
  readonly #total: number
  readonly #startedAt = performance.now()
  #done = 0

  constructor(total: number) {
    this.#total = total
  }

  trial(words: string): void {
    this.#done++
    const line = `[${this.#done}/${this.#total}] ${format(performance.now() - this.#startedAt, 'ms')}  ${words}`
    if (!process.stderr.isTTY) process.stderr.write(`${line}\n`)
    else process.stderr.write(`\r\u001b[K${line.slice(0, (process.stderr.columns ?? 80) - 1)}`)
  }

  clear(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
  }
}
