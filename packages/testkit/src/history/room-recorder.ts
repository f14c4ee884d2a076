import type { Room } from '@rollcall/client'
import {
  type ChannelSpec,
  type EmitNames,
  type EmitOutput,
  EndedError,
  type SendInput,
  type SendNames,
  type Undo,
  UnknownOutcomeError,
} from '@rollcall/core'
import type { History } from './history.ts'
import type { Members } from './records.ts'

export interface RoomRecorderOptions<S extends ChannelSpec> {
  /** Names the membership; unique in the history. */
  readonly who: string
  /** Names the publisher. Default: `who`. */
  readonly by?: string
  /** The user that the membership belongs to. */
  readonly user?: string
  /** The events to record. */
  readonly events: readonly EmitNames<S>[]
  /** Those of them that are volatile. */
  readonly volatile?: readonly EmitNames<S>[]
  /** The `last` that the room was joined with. */
  readonly last?: number
  /** The unique text in a payload. Default: the payload itself, which must be a text. */
  readonly value?: (payload: EmitOutput<S, EmitNames<S>>) => string
}

/** A room whose doings are recorded. */
export interface RecordedRoom<S extends ChannelSpec> {
  readonly who: string
  /**
   * Sends, and records the sending under `value` and what became of it. Never rejects: what failed is in the history.
   * With `'volatile'`, it is for an event that may be lost.
   */
  send<E extends SendNames<S>>(event: E, payload: SendInput<S, E>, value: string, kind?: 'volatile'): Promise<void>
  /** Records whom the room shows as present, now. */
  see(): void
  readonly stop: Undo
}

/** Records what a room of a client tells its application, from now on. Call it before the room is joined. */
export function recordRoom<S extends ChannelSpec>(
  history: History,
  room: Room<S>,
  options: RoomRecorderOptions<S>,
): RecordedRoom<S> {
  const { who, by = who, user, events, last, value = String } = options
  const { topic } = room
  const volatile = new Set<string>(options.volatile ?? [])
  const undos: Undo[] = []
  let joined = false

  undos.push(
    room.subscribeState(({ kind }) => {
      if (kind === 'joined' && !joined) {
        joined = true
        const began = { ...(user !== undefined && { user }), ...(last !== undefined && { last }) }
        history.add({ kind: 'joined', who, topic, after: room.position, ...began })
      } else if (kind === 'joined') history.add({ kind: 'resumed', who, topic })
      else if (kind === 'rejoining') history.add({ kind: 'interrupted', who, topic })
    }),
    room.onGap(({ reason, position }) => history.add({ kind: 'gap', who, topic, reason, position })),
    room.onLeft(({ error }) => {
      // Ended by the server: when that was, and what it should have got until then, the client cannot know.
      if (joined) history.add({ kind: error === null ? 'left' : 'lost', who, topic })
    }),
    room.presence.subscribe((_, changes) => {
      for (const { kind: change, member } of changes)
        history.add({ kind: 'change', who, topic, key: member.key, change })
    }),
  )
  for (const event of events)
    undos.push(
      room.on(event, (payload, { position }) => {
        const mark = volatile.has(event) ? { volatile: true } : {}
        history.add({ kind: 'deliver', who, topic, value: value(payload as never), position, ...mark })
      }),
    )

  return {
    who,
    async send(event, payload, value, kind) {
      history.add({ kind: 'send', by, topic, value, ...(kind && { volatile: true }) })
      try {
        const { position } = await room.send(event, payload)
        history.add({ kind: 'accepted', topic, value, position })
      } catch (error) {
        history.add({ kind: isUnknown(error) ? 'unknown' : 'refused', topic, value })
      }
    },
    see: () => history.add({ kind: 'seen', who, topic, members: membersOf(room) }),
    stop: () => {
      for (const undo of undos.splice(0)) undo()
    },
  }
}

// What ended before it was answered may have arrived.
function isUnknown(error: unknown): boolean {
  return error instanceof UnknownOutcomeError || error instanceof EndedError
}

function membersOf<S extends ChannelSpec>(room: Room<S>): Members {
  return Object.fromEntries(room.presence.members().map(({ key, entries }) => [key, entries.map(({ meta }) => meta)]))
}
