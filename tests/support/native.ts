import { close, text } from './frames.ts'
import { type RawOptions, RawSocket } from './raw-socket.ts'

/** A frame of `rollcall.v1`: its kind, then its fields. */
export type NativeFrame = readonly [kind: string, ...rest: unknown[]]

/** A native client by hand, over a raw socket: it says what a test wants it to say. */
export class Native {
  readonly raw: RawSocket
  #ref = 0

  constructor(raw: RawSocket) {
    this.raw = raw
  }

  /** Opens a WebSocket at the server's own path, and says nothing. */
  static async open(url: string, options: RawOptions = {}): Promise<Native> {
    const headers = { 'sec-websocket-protocol': 'rollcall.v1', ...options.headers }
    return new Native(await RawSocket.open(`${url}/rollcall`, { ...options, headers }))
  }

  /** Opens one, says hello, and waits for the welcome. */
  static async hello(url: string, hello: object = {}): Promise<Native> {
    const native = await Native.open(url)
    native.say('hello', hello)
    await native.first('welcome')
    return native
  }

  /** Says hello, and joins topics. */
  static async join(url: string, topic: string, hello: object = {}, options: object = {}): Promise<Native> {
    const native = await Native.hello(url, hello)
    const [kind, , result] = await native.ask('join', topic, options)
    if (kind !== 'ok') throw new Error(`join was refused: ${JSON.stringify(result)}`)
    return native
  }

  /** Text frames so far, as JSON. */
  get frames(): NativeFrame[] {
    return this.raw.frames
      .filter(({ opcode }) => opcode === 1)
      .map(({ payload }) => JSON.parse(`${payload}`) as NativeFrame)
  }

  get closeCode(): number | null | undefined {
    return this.raw.closeCode
  }

  get welcome(): Record<string, unknown> {
    return this.frames.find(([kind]) => kind === 'welcome')?.[1] as Record<string, unknown>
  }

  /** The payloads of the messages so far. */
  get messages(): unknown[] {
    return this.frames.filter(([kind]) => kind === 'message').map(([, , , payload]) => payload)
  }

  say(...frame: readonly unknown[]): void {
    this.raw.write(text(JSON.stringify(frame)))
  }

  /** Sends a request and waits for its answer. */
  async ask(kind: string, ...rest: readonly unknown[]): Promise<NativeFrame> {
    const ref = ++this.#ref
    this.say(kind, ref, ...rest)
    const answer = () => this.frames.find(([name, of]) => (name === 'ok' || name === 'error') && of === ref)
    await this.raw.until(
      () => answer() || this.raw.ended,
      `the answer to ${kind} ${JSON.stringify(rest).slice(0, 200)}`,
    )
    const found = answer()
    if (!found) throw new Error(`closed with ${this.closeCode} instead of an answer to ${kind}`)
    return found
  }

  /** Sends a request and answers the code of its refusal, or `ok`. */
  async outcome(kind: string, ...rest: readonly unknown[]): Promise<string> {
    const [name, , result] = await this.ask(kind, ...rest)
    return name === 'ok' ? 'ok' : (result as { code: string }).code
  }

  async first(kind: string): Promise<NativeFrame> {
    const find = () => this.frames.find(([name]) => name === kind)
    await this.raw.until(() => find() || this.raw.ended, kind)
    const found = find()
    if (!found) throw new Error(`closed with ${this.closeCode} before any ${kind}`)
    return found
  }

  /** Waits for the server's close, and answers its code; null without one, undefined without a close. */
  async end(deadlineMs?: number): Promise<number | null | undefined> {
    await this.raw.until(() => this.closeCode !== undefined || this.raw.ended, 'the end', deadlineMs)
    return this.closeCode
  }

  close(): void {
    this.raw.write(close(1000))
  }
}
