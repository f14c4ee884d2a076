/** What a long poll is answered with. */
export interface Polled {
  readonly status: number
  readonly token?: string
  readonly messages?: readonly string[]
  readonly reason?: string
}

/** A client of `/longpoll` without any library. */
export class Poll {
  readonly url: string
  token = ''

  constructor(port: number, query = 'vsn=2.0.0') {
    this.url = `http://localhost:${port}/socket/longpoll?${query}`
  }

  /** Opens a session, as a first poll does. */
  static async open(port: number, query?: string): Promise<Poll> {
    const poll = new Poll(port, query)
    const { token } = await poll.get()
    poll.token = token ?? ''
    return poll
  }

  get target(): string {
    return this.token === '' ? this.url : `${this.url}&token=${encodeURIComponent(this.token)}`
  }

  async get(options: RequestInit = {}): Promise<Polled> {
    return (await (await fetch(this.target, options)).json()) as Polled
  }

  /** Polls until as many frames have come, in order. */
  async take(count: number): Promise<unknown[]> {
    const frames: unknown[] = []
    while (frames.length < count) {
      const { status, messages = [] } = await this.get()
      if (status !== 200 && status !== 204) throw new Error(`polled ${status} with ${frames.length} of ${count}`)
      frames.push(...messages.map((message) => JSON.parse(message) as unknown))
    }
    return frames
  }

  async post(body: BodyInit, contentType = 'application/x-ndjson'): Promise<Polled & { readonly http: number }> {
    const response = await fetch(this.target, { method: 'POST', body, headers: { 'content-type': contentType } })
    return { http: response.status, ...((await response.json()) as Polled) }
  }

  /** Sends frames, one a line. */
  send(...frames: readonly unknown[]): Promise<Polled> {
    return this.post(frames.map((frame) => JSON.stringify(frame)).join('\n'))
  }
}
