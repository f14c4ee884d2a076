import { WebSocket } from 'ws'
import { ALONE, PollWatch } from '../contract/poll-watch.ts'

/** How the packets of Engine.IO reach a server and come from it. */
export interface Carrier {
  send(...packets: (string | Uint8Array)[]): Promise<void>
  pause(): void
  resume(): void
  /** Ends the session. */
  close(): Promise<void>
  /** Is gone without a word. */
  lose(): void
}

export interface CarrierListener {
  packet(packet: string | Uint8Array): void
  lost(code: number | undefined): void
}

/** Over a WebSocket from the start. */
export async function overWebSocket(url: string, listener: CarrierListener): Promise<Carrier> {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`)
  socket.on('message', (bytes: Buffer, isBinary) => listener.packet(isBinary ? bytes : bytes.toString()))
  socket.on('close', (code) => listener.lost(code))
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve)
    socket.on('error', reject)
  })
  return {
    async send(...packets) {
      for (const packet of packets) socket.send(packet)
    },
    pause: () => socket.pause(),
    resume: () => socket.resume(),
    close: () =>
      new Promise((resolve) => {
        if (socket.readyState === WebSocket.CLOSED) return resolve()
        socket.once('close', () => resolve())
        socket.close()
      }),
    lose: () => socket.terminate(),
  }
}

/** Over polling, which it stays with. */
export async function overPolling(url: string, listener: CarrierListener): Promise<Carrier> {
  const base = `${url}/socket.io/?EIO=4&transport=polling`
  const opened = (await (await fetch(base)).text()).slice(1)
  const { sid } = JSON.parse(opened) as { sid: string }
  listener.packet(`0${opened}`)
  return new Polling(`${base}&sid=${sid}`, new PollWatch(sid), listener)
}

class Polling implements Carrier {
  readonly #target: string
  readonly #listener: CarrierListener
  readonly #watch: PollWatch
  #aborting = new AbortController()
  #going: Promise<void> = Promise.resolve()
  #resumed: (() => void) | null = null
  #paused: Promise<void> | null = null
  #closed = false
  #lost = false
  #polling: Promise<void>

  constructor(target: string, watch: PollWatch, listener: CarrierListener) {
    this.#target = target
    this.#watch = watch
    this.#listener = listener
    this.#polling = this.#poll()
  }

  async #poll(): Promise<void> {
    // Who is lost goes on until the server can hear of it.
    while (!this.#closed || this.#lost) {
      if (this.#paused) await this.#paused
      try {
        this.#watch.begun++
        const response = await fetch(this.#target, { headers: ALONE, signal: this.#aborting.signal })
        const body = await response.text()
        if (response.status !== 200) return this.#over()
        for (const packet of body.split('\x1e')) {
          if (packet === '1') return this.#over()
          if (!this.#lost)
            this.#listener.packet(packet.startsWith('b') ? Buffer.from(packet.slice(1), 'base64') : packet)
        }
      } catch {
        return this.#over()
      }
    }
    this.#over()
  }

  #over(): void {
    if (!this.#lost) this.#watch.close()
    this.#lost = false
    this.#end()
  }

  // One POST at a time.
  send(...packets: (string | Uint8Array)[]): Promise<void> {
    const body = packets
      .map((packet) => (typeof packet === 'string' ? packet : `b${Buffer.from(packet).toString('base64')}`))
      .join('\x1e')
    const posted = this.#going.then(async () => {
      if (this.#closed) throw new Error('closed')
      const { status } = await fetch(this.#target, {
        method: 'POST',
        body,
        headers: ALONE,
        signal: this.#aborting.signal,
      })
      if (status === 413) throw new Error('413')
      if (status !== 200) this.#end()
    })
    this.#going = posted.catch(() => {})
    return posted
  }

  pause(): void {
    this.#paused ??= new Promise((resolve) => {
      this.#resumed = resolve
    })
  }

  resume(): void {
    this.#paused = null
    this.#resumed?.()
  }

  async close(): Promise<void> {
    await this.send('1').catch(() => {})
    this.#end()
  }

  lose(): void {
    if (this.#closed) return
    this.#lost = true
    this.#end()
    void this.#leave()
  }

  async #leave(): Promise<void> {
    this.resume()
    while (
      !(await this.#watch.giveUp(
        () => this.#aborting.abort(),
        () => !this.#lost,
      ))
    ) {
      await this.#polling
      // The server has answered meanwhile.
      this.#aborting = new AbortController()
      this.#lost = true
      this.#polling = this.#poll()
    }
    this.#watch.close()
  }

  #end(): void {
    if (this.#closed) return
    this.#closed = true
    this.#listener.lost(undefined)
  }
}
