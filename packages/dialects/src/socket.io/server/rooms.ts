import { type Broadcast, Topic, type Turn } from 'rollcall/hub'
import { type Occupant, Seat } from './seat.ts'

/** Whom something is for: those in any of `rooms`, or everybody if there are none, but for those in any of `except`. */
export interface Target {
  readonly rooms: ReadonlySet<string>
  readonly except: ReadonlySet<string>
}

/** Hears of every change. */
export interface RoomWatch {
  created(room: string): void
  joined(room: string, id: string): void
  left(room: string, id: string): void
  deleted(room: string): void
}

/** The sockets of one room that have joined it by name, and its topic in the hub. */
class Room<S extends Occupant> {
  readonly topic: Topic
  readonly seats = new Map<S, Seat>()

  constructor(name: string, turn: Turn) {
    this.topic = new Topic(name, turn)
  }
}

/**
 * The rooms of one namespace. A room is a topic of the hub: one list entry a message, one write a connection and turn. Where
 * a message is for several rooms, or for all but several, each socket is given it by itself, once; its bytes are the same.
 */
export class Rooms<S extends Occupant> {
  readonly #turn: Turn
  readonly #volatileBytes: number
  readonly #watch: RoomWatch
  readonly #all: Topic
  readonly #byId = new Map<string, S>()
  readonly #rooms = new Map<string, Room<S>>()

  constructor(name: string, turn: Turn, volatileBytes: number, watch: RoomWatch) {
    this.#turn = turn
    this.#volatileBytes = volatileBytes
    this.#watch = watch
    this.#all = new Topic(name, turn)
  }

  /** The sockets that are here, connected or about to be. */
  get occupants(): ReadonlyMap<string, S> {
    return this.#byId
  }

  /** Names of the rooms that somebody joined by name. */
  get names(): IterableIterator<string> {
    return this.#rooms.keys()
  }

  /** Ids of those who joined a room by name; undefined if there is no such room. */
  joined(name: string): ReadonlyMap<S, Seat> | undefined {
    return this.#rooms.get(name)?.seats
  }

  /** A socket is here, but nothing reaches it yet. */
  enter(socket: S): void {
    this.#byId.set(socket.id, socket)
  }

  /** It is connected. */
  feed(socket: S): void {
    socket.fed = true
    this.#joinOwn(socket)
    this.#all.subscribe(socket.seat, socket.variant)
    for (const [name, seat] of socket.seats ?? []) this.#rooms.get(name)?.topic.subscribe(seat, socket.variant)
  }

  join(socket: S, name: string, since: number): void {
    if (this.#byId.get(socket.id) !== socket) return
    if (name === socket.id) return this.#joinOwn(socket)
    socket.seats ??= new Map()
    if (socket.seats.has(name)) return
    let room = this.#rooms.get(name)
    if (!room) {
      room = new Room(name, this.#turn)
      this.#rooms.set(name, room)
      if (!this.#ownerOf(name)) this.#watch.created(name)
    }
    const seat = new Seat(socket.outbox, since)
    socket.seats.set(name, seat)
    room.seats.set(socket, seat)
    if (socket.fed) room.topic.subscribe(seat, socket.variant)
    this.#watch.joined(name, socket.id)
  }

  #joinOwn(socket: S): void {
    if (socket.inOwnRoom) return
    socket.inOwnRoom = true
    if (!this.#rooms.has(socket.id)) this.#watch.created(socket.id)
    this.#watch.joined(socket.id, socket.id)
  }

  leave(socket: S, name: string): void {
    if (name === socket.id) return this.#leaveOwn(socket)
    const seat = socket.seats?.get(name)
    const room = this.#rooms.get(name)
    if (!seat || !room) return
    socket.seats?.delete(name)
    room.seats.delete(socket)
    if (socket.fed) room.topic.unsubscribe(seat)
    this.#watch.left(name, socket.id)
    if (room.seats.size > 0) return
    this.#rooms.delete(name)
    if (!this.#ownerOf(name)) this.#watch.deleted(name)
  }

  #leaveOwn(socket: S): void {
    if (!socket.inOwnRoom) return
    socket.inOwnRoom = false
    this.#watch.left(socket.id, socket.id)
    if (!this.#rooms.has(socket.id)) this.#watch.deleted(socket.id)
  }

  /** It is gone: out of every room, and out of the namespace. What was sent before still reaches it. */
  exit(socket: S): void {
    if (this.#byId.get(socket.id) !== socket) return
    for (const name of [...(socket.seats?.keys() ?? [])]) this.leave(socket, name)
    this.#leaveOwn(socket)
    if (socket.fed) this.#all.unsubscribe(socket.seat)
    socket.fed = false
    this.#byId.delete(socket.id)
  }

  // The connected socket whose own room this is.
  #ownerOf(name: string): S | undefined {
    const owner = this.#byId.get(name)
    return owner?.inOwnRoom ? owner : undefined
  }

  /** The connected sockets of a target, each once. */
  select({ rooms, except }: Target): S[] {
    const skip = this.#in(except)
    const selected: S[] = []
    const from = rooms.size === 0 ? this.#byId.values() : this.#in(rooms)
    for (const socket of from) if (socket.fed && !skip.has(socket)) selected.push(socket)
    return selected
  }

  #in(names: ReadonlySet<string>): Set<S> {
    const found = new Set<S>()
    for (const name of names) {
      const owner = this.#ownerOf(name)
      if (owner) found.add(owner)
      for (const socket of this.#rooms.get(name)?.seats.keys() ?? []) found.add(socket)
    }
    return found
  }

  /** Gives a message to the connected sockets of a target. */
  publish(message: Broadcast, target: Target): void {
    const { rooms, except } = target
    const skip = except.size === 0 ? null : this.#sole(except)
    if (skip !== undefined && rooms.size === 0) return this.#all.message(message, skip?.fed ? skip.seat : null)
    if (skip !== undefined && rooms.size === 1) {
      const [name] = rooms as Set<string>
      const room = this.#rooms.get(name as string)
      if (!this.#ownerOf(name as string))
        return room?.topic.message(message, skip ? (room.seats.get(skip) ?? null) : null)
    }
    for (const socket of this.select(target)) this.#give(socket, message)
  }

  // The one socket that a set of names stands for: null if it stands for none, undefined for several.
  #sole(names: ReadonlySet<string>): S | null | undefined {
    if (names.size > 1) return undefined
    const [name] = names as Set<string>
    const room = this.#rooms.get(name as string)
    const owner = this.#ownerOf(name as string)
    return room ? undefined : (owner ?? null)
  }

  #give({ outbox, variant }: S, message: Broadcast): void {
    if (message.kind.volatile && outbox.bufferedBytes > this.#volatileBytes) {
      this.#turn.counters.volatileDropped++
      return
    }
    this.#turn.counters.deliveries++
    outbox.push(message.frame(variant))
  }
}
