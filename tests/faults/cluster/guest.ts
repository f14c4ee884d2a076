import { connect } from '@rollcall/client'
import type { Undo } from '@rollcall/core'
import { application } from './application.ts'
import type { StageNode } from './stage.ts'
import { now } from './world.ts'

/** Somebody at one certain node, who does not go to another one when it ends. */
export class Guest {
  readonly user: string
  readonly #client
  /** When its connection was lost; null as long as it has one. */
  lostAt: number | null = null

  constructor(node: StageNode, user: string) {
    this.user = user
    const client = connect(application, `http://127.0.0.1:${node.port}`, { credentials: { user } })
    client.subscribeState(({ kind }) => {
      if (kind !== 'waiting') return
      this.lostAt ??= now()
      void client.close()
    })
    this.#client = client
  }

  /** Joins a topic; resolves when it is in. */
  async join(topic: string) {
    const room = this.#client.join(topic as 'room:a', { presence: { n: 0 } })
    await room.joined
    return room
  }

  close(): Promise<void> {
    return this.#client.close()
  }
}

/** Notes when a watcher's roster shows a key, and when it does not any more. */
export class Watcher {
  readonly #room
  readonly #undo: Undo
  readonly #seen = new Map<string, { since: number; shown: boolean }>()
  readonly #waiting = new Set<() => void>()

  constructor(room: Awaited<ReturnType<Guest['join']>>) {
    this.#room = room
    this.#undo = room.presence.subscribe(() => {
      const shown = new Set(room.presence.members().map(({ key }) => key))
      for (const key of new Set([...shown, ...this.#seen.keys()]))
        if (shown.has(key) !== (this.#seen.get(key)?.shown ?? false))
          this.#seen.set(key, { since: now(), shown: shown.has(key) })
      for (const look of [...this.#waiting]) look()
    })
  }

  /** Resolves with the time at which the key came to be shown, or not; rejects after `deadlineMs`. */
  when(key: string, shown: boolean, deadlineMs = 20_000): Promise<number> {
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer)
        this.#waiting.delete(look)
      }
      const look = () => {
        const seen = this.#seen.get(key)
        if ((seen?.shown ?? false) !== shown) return
        end()
        resolve(seen?.since ?? now())
      }
      const timer = setTimeout(() => {
        end()
        reject(new Error(`${key} was not ${shown ? 'shown' : 'gone'} in ${this.#room.topic} within ${deadlineMs} ms`))
      }, deadlineMs)
      this.#waiting.add(look)
      look()
    })
  }

  stop(): void {
    this.#undo()
  }
}
