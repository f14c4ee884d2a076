import type { Position } from '@rollcall/core'
import type { Appended, Log, LogRecord, Retention } from '../log.ts'
import type { LogFixture } from './fixture.ts'

/** Bounds that no case reaches. */
export const WIDE: Retention = { messages: 100_000, ageMs: 86_400_000, bytes: 64 * 1024 * 1024 }
const PATIENCE = 500

/** The log, with words for what the cases do most. */
export class Subject {
  log: Log
  private readonly fixture: LogFixture

  constructor(fixture: LogFixture) {
    this.fixture = fixture
    this.log = fixture.log
  }

  async append(
    topic: string,
    payload: unknown,
    options: { readonly retention?: Retention; readonly idempotencyKey?: string } = {},
  ): Promise<Appended> {
    return this.log.append(topic, record(payload), { retention: WIDE, ...options })
  }

  /** Appends 0, 1, 2, … one after the other. */
  async appendAll(topic: string, count: number, retention: Retention = WIDE): Promise<Position[]> {
    const positions: Position[] = []
    for (let i = 0; i < count; i++) positions.push((await this.append(topic, i, { retention })).position)
    return positions
  }

  async payloads(topic: string): Promise<unknown[]> {
    return (await this.log.readAfter(topic, 0, 10_000)).messages.map((each) => each.payload)
  }

  async follow(topic: string): Promise<Feed> {
    const offsets: number[] = []
    const payloads: unknown[] = []
    const epochs: string[] = []
    const following = await this.log.follow(topic, {
      message(message, epoch) {
        offsets.push(message.offset)
        payloads.push(message.payload)
        epochs.push(epoch)
      },
      reset(reason) {
        throw new Error(`The feed of ${topic} was reset: ${reason}`)
      },
    })
    return { ...following, offsets, payloads, epochs }
  }

  async elapse(ms: number): Promise<void> {
    await this.fixture.elapse(ms)
  }

  async until(condition: () => boolean | Promise<boolean>): Promise<void> {
    for (let i = 0; i < PATIENCE; i++) {
      if (await condition()) return
      await this.fixture.elapse(10)
    }
    throw new Error(`Waited ${PATIENCE * 10} ms in vain for: ${condition}`)
  }

  async reopen(): Promise<void> {
    await this.log.close()
    if (!this.fixture.reopen) throw new Error('This log cannot be opened again')
    this.log = await this.fixture.reopen()
  }
}

/** What a listener has heard so far. */
export interface Feed {
  readonly position: Position
  readonly stop: () => void
  readonly offsets: number[]
  readonly payloads: unknown[]
  readonly epochs: string[]
}

/** A record that carries `payload`. */
export function record(payload: unknown): LogRecord {
  return { event: 'message', payload, from: { key: 'u', connection: 'c' }, at: 1_700_000_000_000 }
}

/** A payload as a text that differs where the payload does. */
export function textOf(payload: unknown): string {
  return payload instanceof Uint8Array ? `bytes ${Array.from(payload)}` : JSON.stringify(payload)
}
