// Types of events, as server programs of Socket.IO write them: an interface whose members are listeners. They say `any`
// where that language does: a map without types accepts everything.

/** Events by their names; each value is the type of a listener. */
export interface EventsMap {
  // biome-ignore lint/suspicious/noExplicitAny: an interface of listeners fits no stricter index
  [event: string]: any
}

/** Any event with any arguments: what is assumed where no map is given. */
export interface DefaultEventsMap {
  // biome-ignore lint/suspicious/noExplicitAny: nothing is known of its arguments
  [event: string]: (...args: any[]) => void
}

// biome-ignore lint/suspicious/noExplicitAny: any function at all
export type AnyListener = (...args: any[]) => any

type IsAny<T> = 0 extends 1 & T ? true : false

/** Names of the events of a map. */
export type EventNames<Map extends EventsMap> = keyof Map & (string | symbol)

/** The arguments of an event. */
export type EventParams<Map extends EventsMap, Event extends EventNames<Map>> = Parameters<Map[Event]>

/** The last of a list of types. */
export type Last<List extends readonly unknown[]> = List extends readonly [infer Only]
  ? Only
  : List extends readonly [unknown, ...infer Rest]
    ? Last<Rest>
    : List extends readonly (infer Item)[]
      ? Item
      : never

/** A list of types without its last one. */
export type AllButLast<List extends readonly unknown[]> = List extends readonly [...infer Head, unknown]
  ? Head
  : // biome-ignore lint/suspicious/noExplicitAny: a list of unknown length stays one
    any[]

type LastOf<Listener> = Listener extends (...args: infer Args) => unknown ? Last<Args> : never

// Whether anything at all may stand where the acknowledgement would be.
type IsUntyped<Listener> = IsAny<Listener> extends true ? true : IsAny<LastOf<Listener>>

type HasAck<Listener> = [Extract<LastOf<Listener>, AnyListener>] extends [never] ? false : true

/** Names of the events whose last argument is an acknowledgement. */
export type EventNamesWithAck<
  Map extends EventsMap,
  Name extends EventNames<Map> = EventNames<Map>,
> = Name extends unknown
  ? IsUntyped<Map[Name]> extends true
    ? Name
    : HasAck<Map[Name]> extends true
      ? Name
      : never
  : never

/** Names of the events without one. */
export type EventNamesWithoutAck<
  Map extends EventsMap,
  Name extends EventNames<Map> = EventNames<Map>,
> = Name extends unknown
  ? IsUntyped<Map[Name]> extends true
    ? Name
    : HasAck<Map[Name]> extends true
      ? never
      : Name
  : never

/** Names of the events whose acknowledgement begins with an error: after `timeout`. */
export type EventNamesWithError<
  Map extends EventsMap,
  Name extends EventNamesWithAck<Map> = EventNamesWithAck<Map>,
> = Name extends unknown
  ? IsUntyped<Map[Name]> extends true
    ? Name
    : FirstOf<Extract<LastOf<Map[Name]>, AnyListener>> extends Error
      ? Name
      : never
  : never

type FirstOf<Listener> = Listener extends (...args: infer Args) => unknown ? Args[0] : never

/** The events of a map without an acknowledgement. */
export type RemoveAcknowledgements<Map extends EventsMap> = { [Event in EventNamesWithoutAck<Map>]: Map[Event] }

/** What an acknowledgement answers, its error aside. */
export type FirstNonErrorArg<Ack> = Ack extends (...args: infer Args) => unknown
  ? Args[0] extends Error
    ? Args[1]
    : Args[0]
  : // biome-ignore lint/suspicious/noExplicitAny: an untyped acknowledgement answers anything
    any

type EachListener<Map, Change extends 'error' | 'many' | 'error and many'> = {
  [Event in keyof Map]: Map[Event] extends (...args: infer Args) => infer Result
    ? (...args: EachAck<Args, Change>) => Result
    : Map[Event]
}

type EachAck<Args extends unknown[], Change> = {
  [At in keyof Args]: Args[At] extends (...args: infer Answer) => infer Result
    ? IsAny<Args[At]> extends true
      ? Args[At]
      : (...args: ChangedAnswer<Answer, Change>) => Result
    : Args[At]
}

type ChangedAnswer<Answer extends unknown[], Change> = Change extends 'error'
  ? WithError<Answer>
  : Change extends 'many'
    ? Many<Answer>
    : Many<WithError<Answer>>

type WithError<Answer extends unknown[]> = Answer[0] extends Error ? Answer : [err: Error, ...args: Answer]

type Many<Answer extends unknown[]> = Answer extends [Error]
  ? [err: Error]
  : Answer extends [Error, infer First, ...unknown[]]
    ? [err: Error, responses: First[]]
    : Answer extends [infer First, ...unknown[]]
      ? [responses: First[]]
      : Answer

/** Acknowledgements after `timeout`: the error comes first. */
export type DecorateAcknowledgements<Map> = EachListener<Map, 'error'>

/** Acknowledgements of a broadcast: one answer a client. */
export type DecorateAcknowledgementsWithMultipleResponses<Map> = EachListener<Map, 'many'>

/** Acknowledgements between servers: an error, then one answer a server. */
export type DecorateAcknowledgementsWithTimeoutAndMultipleResponses<Map> = EachListener<Map, 'error and many'>

/** Names that may be listened to: those of the user, and those that the server raises itself. */
export type ListenNames<Reserved extends EventsMap, User extends EventsMap> = EventNames<Reserved> | EventNames<User>

/** A listener of such an event. */
export type ListenerOf<
  Reserved extends EventsMap,
  User extends EventsMap,
  Event extends ListenNames<Reserved, User>,
> = OrAnything<
  Event extends EventNames<Reserved> ? Reserved[Event] : Event extends EventNames<User> ? User[Event] : never
>

// Inside a generic class nothing is known of the map yet: every listener fits.
// biome-ignore lint/suspicious/noExplicitAny: see above
type OrAnything<Listener> = [Listener] extends [never] ? (...args: any[]) => void | Promise<void> : Listener
