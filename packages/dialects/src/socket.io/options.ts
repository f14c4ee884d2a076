import { type Contract, isTopic } from '@rollcall/core'
import type { Handshake } from 'rollcall'
import { type EngineOptions, type EngineSettings, engineOptions } from './engine/options.ts'

export interface SocketIoOptions extends EngineSettings {
  /** What `authenticate` and the metrics call it: needed where it is mounted twice. Default `socket.io`. */
  readonly name?: string
  /** The topic of the root namespace, `/`. Default: there is none, and its clients are told `Invalid namespace`. */
  readonly defaultTopic?: string
  /**
   * The topic of any other namespace, null for none. A namespace begins with a slash and has no comma. Default: the
   * namespace without its slash, so that `/room:lobby` is `room:lobby`.
   */
  readonly topic?: (namespace: string) => string | null
  /**
   * `log`: clients from 4.6 on recover their connection state, from the log of channels with history. Events there carry
   * their offset as one more argument, since these clients know no other place for it. `none`: they do not. Default `log`.
   */
  readonly recovery?: 'log' | 'none'
  /**
   * Events whose payload is the list of all their arguments, both ways. Default: none. An event's payload is then its only
   * argument, null without one, a list of several; and what the server emits is one argument.
   */
  readonly spread?: readonly string[]
  /** How long a client may take until a namespace is connected, in milliseconds. Default 45,000. */
  readonly connectTimeout?: number
  /** Attachments of one packet. Default 10. */
  readonly maxAttachments?: number
  /** Bytes of all attachments of one packet. Default 4,000,000. */
  readonly maxAttachmentBytes?: number
  /** How long attachments may take to follow their packet, in milliseconds. Default 30,000. */
  readonly attachmentTimeout?: number
  /** Refuses handshakes, before there is a session: they are told `Forbidden`. Default: none. */
  readonly allowRequest?: (handshake: Handshake) => boolean
}

/** The same, complete. */
export interface SocketIoSettings {
  readonly name: string
  readonly engine: EngineOptions
  topicOf(namespace: string): string | null
  readonly recovery: 'log' | 'none'
  readonly spread: ReadonlySet<string>
  readonly connectTimeoutMs: number
  readonly maxAttachments: number
  readonly maxAttachmentBytes: number
  readonly attachmentMs: number
  allowed(handshake: Handshake): boolean
}

/** @throws TypeError or RangeError on an option that cannot work, naming it. */
export function socketIoSettings(options: SocketIoOptions): SocketIoSettings {
  const { defaultTopic = null, topic = withoutSlash, recovery = 'log', allowRequest = () => true } = options
  if (defaultTopic !== null && !isTopic(defaultTopic))
    throw new TypeError(`socketIo: defaultTopic ${JSON.stringify(defaultTopic)} is no topic`)
  if (recovery !== 'log' && recovery !== 'none') throw new TypeError('socketIo: recovery must be log or none')
  const numbers = {
    connectTimeout: options.connectTimeout ?? 45_000,
    maxAttachments: options.maxAttachments ?? 10,
    maxAttachmentBytes: options.maxAttachmentBytes ?? 4_000_000,
    attachmentTimeout: options.attachmentTimeout ?? 30_000,
  }
  for (const [name, value] of Object.entries(numbers))
    if (!(typeof value === 'number' && value > 0)) throw new RangeError(`socketIo: ${name} must be a number above 0`)
  return {
    name: options.name ?? 'socket.io',
    engine: engineOptions(options),
    topicOf: (namespace) => (namespace === '/' ? defaultTopic : topic(namespace)),
    recovery,
    spread: new Set(options.spread),
    connectTimeoutMs: numbers.connectTimeout,
    maxAttachments: numbers.maxAttachments,
    maxAttachmentBytes: numbers.maxAttachmentBytes,
    attachmentMs: numbers.attachmentTimeout,
    allowed: allowRequest,
  }
}

/** A root namespace that leads nowhere is a mistake of whoever mounts it. @throws TypeError naming the option. */
export function checkDefaultTopic({ topicOf }: SocketIoSettings, contract: Contract): void {
  const topic = topicOf('/')
  if (topic !== null && !contract.match(topic))
    throw new TypeError(`socketIo: defaultTopic "${topic}" is covered by no channel of the contract`)
}

function withoutSlash(namespace: string): string {
  return namespace.slice(1)
}
