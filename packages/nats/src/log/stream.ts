import {
  JetStreamApiCodes,
  JetStreamApiError,
  type JetStreamManager,
  jetstreamManager,
  type StoredMsg,
  type StreamConfig,
  type StreamInfo,
} from '@nats-io/jetstream'
import { createInbox, headers, type Msg, NoRespondersError, RequestError } from '@nats-io/transport-node'
import type { Undo } from '@rollcall/core'
import { LogUnavailable } from 'rollcall/log'
import type { Link } from '../link.ts'
import { tokenCache } from '../token.ts'
import { decodeBlock, type Stored } from './block.ts'
import type { LogSettings } from './options.ts'

/** What came of storing a block. */
export type StoreOutcome =
  | { readonly kind: 'stored'; readonly seq: number }
  /** Another block stands where this one was to stand. */
  | { readonly kind: 'overtaken' }
  /** It was not stored, and will not be. */
  | { readonly kind: 'refused'; readonly cause: unknown }
  /** It may have been stored, or may still be. */
  | { readonly kind: 'unknown'; readonly cause: unknown }

const REQUEST_MS = 2000
const NANOSECONDS = 1_000_000
/** Consumers for reading are gone by themselves if their node is. */
const READER_MS = 10_000
/** How long a reader waits for a block that a server does not have yet. */
const PULL_MS = 1000
const STREAM_NAME_IN_USE = 10_058
const WRONG_LAST_SEQUENCE: readonly number[] = [
  JetStreamApiCodes.StreamWrongLastSequence,
  JetStreamApiCodes.StreamWrongLastSequenceUnknown,
]

/**
 * The JetStream stream of a log. Its subjects hold an incarnation, made anew whenever the stream is: what a node sends that
 * has not noticed the loss of a stream cannot get into the next one.
 *
 * | subject | carries |
 * | --- | --- |
 * | `rollcall.log.<stream>.<incarnation>.<topic>` | blocks, to be stored |
 * | `rollcall.live.<stream>.<incarnation>.<topic>` | blocks that have been stored, republished by the stream |
 */
export class Stream {
  readonly #link: Link
  readonly #settings: LogSettings
  readonly #tokenOf: (text: string) => string = tokenCache()
  readonly #api: string
  #manager: JetStreamManager | undefined
  #incarnation = ''
  #replicated = false
  #ensuring: Promise<void> | null = null

  constructor(link: Link, settings: LogSettings) {
    this.#link = link
    this.#settings = settings
    this.#api = settings.domain === undefined ? '$JS.API' : `$JS.${settings.domain}.API`
  }

  /** Whether several servers keep the stream, so that blocks may be stored that were not expected. */
  get replicated(): boolean {
    return this.#replicated
  }

  /** Hears that the stream is another one than before. */
  onRenewed: () => void = () => {}

  /** Finds the stream, or makes it. */
  ensure(): Promise<void> {
    this.#ensuring ??= this.#findOrMake().finally(() => {
      this.#ensuring = null
    })
    return this.#ensuring
  }

  /** Brings the stream's settings in line with the options, where JetStream can. */
  async configure(): Promise<void> {
    const manager = await this.#managing()
    const { config } = await manager.streams.info(this.#settings.stream)
    const wanted = this.#config(this.#incarnation)
    if (config.storage !== wanted.storage)
      throw new TypeError(`storage: the stream "${config.name}" has ${config.storage} storage, which cannot be changed`)
    const { max_age, max_bytes, num_replicas } = wanted
    if (config.max_age === max_age && config.max_bytes === max_bytes && config.num_replicas === num_replicas) return
    await manager.streams.update(config.name, { max_age, max_bytes, num_replicas })
    this.#replicated = num_replicas > 1
  }

  /** The newest block of a topic, by the word of the stream's leader. */
  async last(topic: string): Promise<Stored | null> {
    const manager = await this.#managing()
    return fromStored(
      await manager.streams.getMessage(this.#settings.stream, { last_by_subj: this.#subject('log', topic) }),
    )
  }

  /** The first block of a topic at or behind a sequence, by the word of the stream's leader. */
  async firstFrom(topic: string, seq: number): Promise<Stored | null> {
    const manager = await this.#managing()
    const query = { seq: Math.max(1, seq), next_by_subj: this.#subject('log', topic) }
    return fromStored(await manager.streams.getMessage(this.#settings.stream, query))
  }

  /** Stores a block if the topic's newest one stands at `last`. Never rejects. */
  async store(topic: string, last: number, block: Uint8Array): Promise<StoreOutcome> {
    const expecting = headers()
    expecting.set('Nats-Expected-Last-Subject-Sequence', String(last))
    if (!this.#link.admit(block.byteLength + 256))
      return { kind: 'refused', cause: new Error('NATS is away or too slow') }
    let answer: Msg
    try {
      answer = await this.#link.nc.request(this.#subject('log', topic), block, {
        headers: expecting,
        timeout: REQUEST_MS,
      })
    } catch (cause) {
      return { kind: isNobody(cause) ? 'refused' : 'unknown', cause }
    }
    const { seq, error }: { seq?: number; error?: ApiFault } = answer.json()
    if (error && WRONG_LAST_SEQUENCE.includes(error.err_code)) return { kind: 'overtaken' }
    if (error) return { kind: 'refused', cause: new Error(`JetStream refused: ${error.description}`) }
    return typeof seq === 'number' ? { kind: 'stored', seq } : { kind: 'unknown', cause: new Error('Not an answer') }
  }

  /**
   * Blocks of a topic, oldest first, from a sequence or a time on: at most `limit`, and none behind the one at `until`,
   * which the caller knows to be there. May answer less, where a server of the cluster is slow to catch up.
   */
  async range(
    topic: string,
    from: { readonly seq: number } | { readonly at: number },
    { limit, until }: { readonly limit: number; readonly until: number },
  ): Promise<Stored[]> {
    const manager = await this.#managing()
    const start =
      'seq' in from
        ? { deliver_policy: 'by_start_sequence' as const, opt_start_seq: Math.max(1, from.seq) }
        : { deliver_policy: 'by_start_time' as const, opt_start_time: new Date(Math.max(0, from.at)).toISOString() }
    const { name } = await manager.consumers.add(this.#settings.stream, {
      ...start,
      filter_subject: this.#subject('log', topic),
      ack_policy: 'none',
      replay_policy: 'instant',
      mem_storage: true,
      num_replicas: 1,
      inactive_threshold: READER_MS * NANOSECONDS,
    })
    try {
      return await this.#pull(name, limit, until)
    } finally {
      this.#forgetReader(name)
    }
  }

  /** Removes the blocks of a topic below a sequence. */
  async trim(topic: string, below: number): Promise<void> {
    const manager = await this.#managing()
    await manager.streams.purge(this.#settings.stream, { filter: this.#subject('log', topic), seq: below })
  }

  /** Hears the blocks of a topic as they are stored, and the sequence of the one before each. Takes effect with the link's next `settle`. */
  follow(topic: string, heard: (stored: Stored, after: number) => void): Undo {
    const subscription = this.#link.nc.subscribe(this.#subject('live', topic), {
      callback: (error, message) => {
        try {
          if (error) throw error
          const seq = Number(message.headers?.get('Nats-Sequence'))
          const before = message.headers?.get('Nats-Last-Sequence')
          const after = before ? Number(before) : Number.POSITIVE_INFINITY
          if (seq > 0) heard({ seq, at: this.#settings.clock.now(), block: decodeBlock(message.data) }, after)
        } catch (fault) {
          this.#settings.report(fault)
        }
      },
    })
    return () => subscription.unsubscribe()
  }

  #subject(kind: 'log' | 'live', topic: string): string {
    return `rollcall.${kind}.${this.#settings.stream}.${this.#incarnation}.${this.#tokenOf(topic)}`
  }

  async #managing(): Promise<JetStreamManager> {
    const { domain } = this.#settings
    this.#manager ??= await jetstreamManager(this.#link.nc, {
      checkAPI: false,
      timeout: REQUEST_MS,
      ...(domain !== undefined && { domain }),
    })
    return this.#manager
  }

  async #findOrMake(): Promise<void> {
    const manager = await this.#managing()
    const { stream, random } = this.#settings
    let info: StreamInfo
    try {
      info = await manager.streams.info(stream)
    } catch (error) {
      if (codeOf(error) !== JetStreamApiCodes.StreamNotFound) throw error
      try {
        info = await manager.streams.add(this.#config(random.token(6)))
      } catch (fault) {
        // Another node was faster.
        if (codeOf(fault) !== STREAM_NAME_IN_USE) throw fault
        info = await manager.streams.info(stream)
      }
    }
    const root = `rollcall.log.${stream}.`
    const [subject = ''] = info.config.subjects
    if (!subject.startsWith(root) || !subject.endsWith('.>'))
      throw new TypeError(`stream: "${stream}" is there, but not a log of Rollcall: it keeps ${subject}`)
    this.#replicated = info.config.num_replicas > 1
    const incarnation = subject.slice(root.length, -2)
    if (incarnation === this.#incarnation) return
    this.#incarnation = incarnation
    this.onRenewed()
  }

  #config(incarnation: string): StreamConfig & { name: string } {
    const { stream, replicas, storage, maxAgeMs, maxBytes } = this.#settings
    const subjects = [`rollcall.log.${stream}.${incarnation}.>`]
    return {
      name: stream,
      description: 'Messages of Rollcall topics. Its subjects hold its incarnation: do not change them.',
      subjects,
      storage,
      num_replicas: replicas,
      retention: 'limits',
      discard: 'old',
      max_age: maxAgeMs * NANOSECONDS,
      max_bytes: maxBytes,
      republish: { src: subjects[0], dest: `rollcall.live.${stream}.${incarnation}.>` },
    } as StreamConfig & { name: string }
  }

  #pull(consumer: string, limit: number, until: number): Promise<Stored[]> {
    return new Promise((resolve, reject) => {
      const found: Stored[] = []
      const inbox = createInbox()
      const subscription = this.#link.nc.subscribe(inbox, {
        callback: (error, message) => {
          try {
            if (error) throw error
            // Any status says that nothing more came in time.
            const ended = (message.headers?.code ?? 0) !== 0
            if (!ended) found.push(fromDelivery(message))
            if (ended || found.length >= limit || (found.at(-1)?.seq ?? 0) >= until) settle(() => resolve(found))
          } catch (fault) {
            settle(() => reject(fault))
          }
        },
      })
      const undo = this.#link.after(REQUEST_MS, () =>
        settle(() => reject(new LogUnavailable(`JetStream did not send what was read within ${REQUEST_MS} ms`))),
      )
      const settle = (how: () => void) => {
        undo()
        subscription.unsubscribe()
        how()
      }
      const next = JSON.stringify({ batch: limit, expires: PULL_MS * NANOSECONDS })
      this.#link.nc.publish(`${this.#api}.CONSUMER.MSG.NEXT.${this.#settings.stream}.${consumer}`, next, {
        reply: inbox,
      })
    })
  }

  // Without waiting for the answer, which nobody needs.
  #forgetReader(name: string): void {
    if (this.#link.healthy) this.#link.nc.publish(`${this.#api}.CONSUMER.DELETE.${this.#settings.stream}.${name}`)
  }
}

interface ApiFault {
  readonly err_code: number
  readonly description: string
}

/** The number that JetStream gave an error. */
export function codeOf(error: unknown): number | undefined {
  return error instanceof JetStreamApiError ? error.code : undefined
}

function isNobody(error: unknown): boolean {
  return error instanceof NoRespondersError || (error instanceof RequestError && error.isNoResponders())
}

function fromStored(message: Pick<StoredMsg, 'seq' | 'time' | 'data'> | null): Stored | null {
  return message && { seq: message.seq, at: message.time.getTime(), block: decodeBlock(message.data) }
}

/** Where a delivery stands, from its reply subject: see ADR-15 of NATS for both forms. */
function fromDelivery(message: Msg): Stored {
  const tokens = (message.reply ?? '').split('.')
  const shift = tokens.length > 9 ? 2 : 0
  const at = Math.floor(Number(tokens[7 + shift]) / NANOSECONDS)
  return { seq: Number(tokens[5 + shift]), at, block: decodeBlock(message.data) }
}
