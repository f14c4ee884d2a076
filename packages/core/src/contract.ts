import { type InputOf, isSchema, type OutputOf, type Schema } from './schema.ts'
import { isTopic, type Params, type Pattern, pattern, type TopicOf } from './topic.ts'

/** How much of a channel's past is kept. Whichever bound is reached first trims the oldest. */
export interface HistorySpec {
  /** The newest messages kept. Default 1,000. */
  readonly messages?: number
  /** How long a message is kept, in milliseconds. Default 24 hours. */
  readonly ageMs?: number
  /** The bytes kept, as encoded. Default 64 MiB. */
  readonly bytes?: number
}

/** An event that may be lost: see `volatile`. */
export interface Volatile<S extends Schema = Schema> {
  readonly schema: S
  readonly volatile: true
  /** Called with a valid payload only; `never`, since an event's exact payload is not known where events are listed. */
  readonly key: ((payload: never) => string) | undefined
}

/** How fast a channel may be written to by clients. What is too fast is refused, and told when to try again. */
export interface RateSpec {
  /** Sends of one user, on all its connections to this node. */
  readonly user?: { readonly perSecond: number; readonly burst?: number }
  /** Sends of all together. With `costPerReceiver` a send counts once for each who is there: deliveries a second. */
  readonly channel?: { readonly perSecond: number; readonly burst?: number; readonly costPerReceiver?: boolean }
  /** Slow mode: one send of each user in this many milliseconds. Takes the place of `user`. */
  readonly slowMs?: number
}

/** An application's rules for the topics of one pattern. */
export interface ChannelSpec {
  /** What a client must say to join. Default: nothing. */
  readonly join?: Schema
  /** Events from client to server. */
  readonly send?: Readonly<Record<string, Schema>>
  /** Events from server to clients. */
  readonly emit?: Readonly<Record<string, Schema | Volatile>>
  /** Requests from client to server, with a reply. */
  readonly call?: Readonly<Record<string, { readonly input: Schema; readonly output: Schema }>>
  /** The metadata of a member. Without it the channel has no presence. */
  readonly presence?: Schema
  /** What clients are told of presence: each member, or only how many. Default `'members'`. */
  readonly roster?: 'members' | 'count'
  /** Keeps messages, gives them positions, and makes recovery possible. Default: nothing is kept. */
  readonly history?: HistorySpec
  /** How fast clients may send, beyond each connection's own limit. Default: no further bound. */
  readonly rates?: RateSpec
}

/** An application's channels, for both sides. Made by `contract`. */
export interface Contract<C extends Channels = Channels> {
  readonly channels: C
  /** The channel that rules `topic`: patterns without parameters first, then in the order of the contract. */
  match(topic: string): ChannelMatch | null
}

/** Channel rules by topic pattern. */
export type Channels = Readonly<Record<string, ChannelSpec>>

/** A topic, found in a contract. */
export interface ChannelMatch {
  readonly pattern: string
  readonly spec: ChannelSpec
  readonly params: Readonly<Record<string, string>>
}

/** Events of a contract that cannot be named so, since the server's handlers of the same channel use these names. */
export const RESERVED_EVENTS: readonly string[] = ['join', 'leave', 'resume', 'permit']

/** Gives a channel's rules their exact type. */
export function channel<const S extends ChannelSpec>(spec: S): S {
  return spec
}

/**
 * Marks an event of `emit` as volatile: order and arrival are not promised, it is not kept in history, and a connection
 * that cannot keep up loses it. With `key`, only the newest event of each key waits for a slow connection (positions
 * of cursors, say).
 */
export function volatile<S extends Schema>(
  schema: S,
  options: { readonly key?: (payload: InputOf<S>) => string } = {},
): Volatile<S> {
  return { schema, volatile: true, key: options.key }
}

/** Whether an entry of `emit` is volatile. */
export function isVolatile(spec: Schema | Volatile): spec is Volatile {
  return 'volatile' in spec && spec.volatile === true
}

/**
 * Makes the contract that both sides import.
 * @throws TypeError on a pattern, event name or schema that cannot work, naming it.
 */
export function contract<const C extends Channels>(channels: C): Contract<C> {
  const matchers: { pattern: Pattern; spec: ChannelSpec; plain: boolean }[] = []
  for (const [source, spec] of Object.entries(channels)) {
    check(source, spec)
    matchers.push({ pattern: pattern(source), spec, plain: !source.includes('{') })
  }
  matchers.sort((a, b) => Number(b.plain) - Number(a.plain))
  return {
    channels,
    match(topic) {
      if (!isTopic(topic)) return null
      for (const { pattern, spec } of matchers) {
        const params = pattern.match(topic)
        if (params) return { pattern: pattern.source, spec, params }
      }
      return null
    },
  }
}

function check(source: string, spec: ChannelSpec): void {
  const where = `Channel "${source}"`
  const schemas: [string, unknown][] = []
  const handled = [...Object.keys(spec.send ?? {}), ...Object.keys(spec.call ?? {})]
  for (const name of handled) {
    if (RESERVED_EVENTS.includes(name))
      throw new TypeError(`${where}: "${name}" is a handler of its own; name the event otherwise`)
    if (handled.indexOf(name) !== handled.lastIndexOf(name))
      throw new TypeError(`${where}: "${name}" is both an event and a call`)
  }
  for (const [name, schema] of Object.entries(spec.send ?? {})) schemas.push([`send.${name}`, schema])
  for (const [name, entry] of Object.entries(spec.emit ?? {}))
    schemas.push([`emit.${name}`, isSchema(entry) ? entry : (entry as Volatile | null)?.schema])
  for (const [name, entry] of Object.entries(spec.call ?? {}))
    schemas.push([`call.${name}.input`, entry.input], [`call.${name}.output`, entry.output])
  if (spec.presence) schemas.push(['presence', spec.presence])
  if (spec.join) schemas.push(['join', spec.join])
  for (const [name, schema] of schemas)
    if (!isSchema(schema))
      throw new TypeError(`${where}: ${name} must be a Standard Schema, such as one of zod, valibot or arktype`)
  for (const [name, value] of Object.entries(spec.history ?? {}))
    if (!(value > 0)) throw new RangeError(`${where}: history.${name} must be above 0`)
}

// Types that both ends are inferred from.

/** The rules of the channel that a topic of type `T` falls under: a pattern without parameters goes first. */
export type SpecFor<C extends Channels, T extends string> = T extends keyof C
  ? C[T]
  : { [P in keyof C & string]: T extends TopicOf<P> ? C[P] : never }[keyof C & string]

/** Every topic that a contract knows, as a type. */
export type TopicIn<C extends Channels> = { [P in keyof C & string]: TopicOf<P> }[keyof C & string]

type EmitSchema<E> = E extends Volatile<infer S> ? S : E

/** The names of a section of a channel. */
export type SendNames<S extends ChannelSpec> = Names<S, 'send'>
export type EmitNames<S extends ChannelSpec> = Names<S, 'emit'>
export type CallNames<S extends ChannelSpec> = Names<S, 'call'>

// A section that a channel lacks has no names; asked for by index alone, it would have all.
type Names<S extends ChannelSpec, K extends 'send' | 'emit' | 'call'> = K extends keyof S
  ? keyof NonNullable<S[K]> & string
  : never

/** What a client sends, and what the server's handler gets. */
export type SendInput<S extends ChannelSpec, E extends SendNames<S>> = InputOf<NonNullable<S['send']>[E]>
export type SendOutput<S extends ChannelSpec, E extends SendNames<S>> = OutputOf<NonNullable<S['send']>[E]>
/** What the server emits, and what the client's listener gets. */
export type EmitInput<S extends ChannelSpec, E extends EmitNames<S>> = InputOf<EmitSchema<NonNullable<S['emit']>[E]>>
export type EmitOutput<S extends ChannelSpec, E extends EmitNames<S>> = OutputOf<EmitSchema<NonNullable<S['emit']>[E]>>
/** The two ends of a call, each as its sender and as its receiver sees it. */
export type CallInput<S extends ChannelSpec, N extends CallNames<S>> = InputOf<NonNullable<S['call']>[N]['input']>
export type CallRequest<S extends ChannelSpec, N extends CallNames<S>> = OutputOf<NonNullable<S['call']>[N]['input']>
export type CallReply<S extends ChannelSpec, N extends CallNames<S>> = InputOf<NonNullable<S['call']>[N]['output']>
export type CallOutput<S extends ChannelSpec, N extends CallNames<S>> = OutputOf<NonNullable<S['call']>[N]['output']>
/** A member's metadata, as the client gives it and as everybody reads it. */
export type PresenceInput<S extends ChannelSpec> = S['presence'] extends Schema ? InputOf<S['presence']> : never
export type PresenceOutput<S extends ChannelSpec> = S['presence'] extends Schema ? OutputOf<S['presence']> : never
/** What a client says to join, and what the server's `join` gets. */
export type JoinInput<S extends ChannelSpec> = S['join'] extends Schema ? InputOf<S['join']> : undefined
export type JoinOutput<S extends ChannelSpec> = S['join'] extends Schema ? OutputOf<S['join']> : undefined

export type { Params }
