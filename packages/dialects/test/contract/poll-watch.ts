import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { IncomingMessage, ServerResponse } from 'node:http'

/** Requests on connections of their own: one that was idle may be closed by its server as it is taken again. */
export const ALONE = { connection: 'close' } as const

const STARTED = 'http.server.request.start'

/** The polls of one session as its server has them, which runs in this process. */
export class PollWatch {
  /** How many its client has begun: to be counted by that. */
  begun = 0
  readonly #mark: string
  #seen = 0
  #last: ServerResponse | null = null
  readonly #see = (message: unknown): void => {
    const { request, response } = message as { request: IncomingMessage; response: ServerResponse }
    if (request.method !== 'GET' || !request.url?.includes(this.#mark)) return
    this.#seen++
    this.#last = response
  }

  /** `mark` is what the addresses of its polls have in them, and no others. */
  constructor(mark: string) {
    this.#mark = mark
    subscribe(STARTED, this.#see)
  }

  /**
   * Calls `abort` while the server holds the poll under way: nobody hears the end of one that has not begun, or that is
   * answered. Answers whether the server hears of it; else it has answered meanwhile, and the next one must be given up.
   */
  async giveUp(abort: () => void, over: () => boolean): Promise<boolean> {
    for (;;) {
      if (over()) return true
      const answer = this.#last
      if (answer && this.#seen === this.begun && !answer.writableEnded) {
        const closed = new Promise((resolve) => answer.once('close', resolve))
        abort()
        await closed
        return !answer.writableFinished
      }
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }

  close(): void {
    unsubscribe(STARTED, this.#see)
  }
}
