import { EventEmitter } from 'node:events'
import { notOffered } from './not-offered.ts'
import type { Rooms, RoomWatch } from './rooms.ts'
import type { Occupant } from './seat.ts'

/**
 * The rooms of a namespace on this server, to look at: `rooms` and `sids` show them as they are now. Emits `create-room`,
 * `join-room`, `leave-room` and `delete-room`. What moves sockets and sends events are the methods of the namespace.
 */
export class Adapter extends EventEmitter {
  /** Ids of the sockets in each room; every socket is in one that is named by its id, too. */
  readonly rooms: ReadonlyMap<string, ReadonlySet<string>>
  /** The rooms of each socket. */
  readonly sids: ReadonlyMap<string, ReadonlySet<string>>

  /** Made by its namespace. */
  constructor(rooms: () => Rooms<Occupant & { readonly rooms: Set<string> }>) {
    super()
    this.rooms = new RoomView(
      (name) => {
        const ids = new Set<string>()
        if (rooms().occupants.get(name)?.inOwnRoom) ids.add(name)
        for (const { id } of rooms().joined(name)?.keys() ?? []) ids.add(id)
        return ids.size > 0 ? ids : undefined
      },
      () => {
        const names = new Set(rooms().names)
        for (const [id, { inOwnRoom }] of rooms().occupants) if (inOwnRoom) names.add(id)
        return names
      },
    )
    this.sids = new RoomView(
      (id) => rooms().occupants.get(id)?.rooms,
      () => new Set(rooms().occupants.keys()),
    )
  }

  /** The rooms of a socket of this server; undefined if there is none with this id. */
  socketRooms(id: string): ReadonlySet<string> | undefined {
    return this.sids.get(id)
  }
}

const NOT_OFFERED = [
  'init',
  'close',
  'serverCount',
  'addAll',
  'del',
  'delAll',
  'sockets',
  'fetchSockets',
  'addSockets',
  'delSockets',
  'disconnectSockets',
  'broadcast',
  'broadcastWithAck',
  'serverSideEmit',
  'persistSession',
  'restoreSession',
]

for (const method of NOT_OFFERED)
  Object.defineProperty(Adapter.prototype, method, {
    value: () => notOffered(`adapter.${method}()`, 'use the methods of the namespace and of its sockets'),
  })

/** Tells an adapter's listeners of changes; while there are none it costs nothing. */
export function watchFor(adapter: () => EventEmitter): RoomWatch {
  const tell = (event: string, ...args: string[]) => {
    const emitter = adapter()
    if (emitter.listenerCount(event) > 0) emitter.emit(event, ...args)
  }
  return {
    created: (room) => tell('create-room', room),
    joined: (room, id) => tell('join-room', room, id),
    left: (room, id) => tell('leave-room', room, id),
    deleted: (room) => tell('delete-room', room),
  }
}

/** A map that is looked up where things really are. */
class RoomView implements ReadonlyMap<string, ReadonlySet<string>> {
  readonly #find: (key: string) => ReadonlySet<string> | undefined
  readonly #keys: () => ReadonlySet<string>

  constructor(find: (key: string) => ReadonlySet<string> | undefined, keys: () => ReadonlySet<string>) {
    this.#find = find
    this.#keys = keys
  }

  get size(): number {
    return this.#keys().size
  }

  get(key: string): ReadonlySet<string> | undefined {
    return this.#find(key)
  }

  has(key: string): boolean {
    return this.#find(key) !== undefined
  }

  forEach(
    each: (value: ReadonlySet<string>, key: string, map: ReadonlyMap<string, ReadonlySet<string>>) => void,
  ): void {
    for (const [key, value] of this) each(value, key, this)
  }

  keys(): MapIterator<string> {
    return this.#keys().keys() as MapIterator<string>
  }

  *values(): MapIterator<ReadonlySet<string>> {
    for (const [, value] of this) yield value
  }

  *entries(): MapIterator<[string, ReadonlySet<string>]> {
    for (const key of this.#keys()) {
      const value = this.#find(key)
      if (value) yield [key, value]
    }
  }

  [Symbol.iterator](): MapIterator<[string, ReadonlySet<string>]> {
    return this.entries()
  }
}
