import type { EventEmitter } from 'node:events'
import type { SendFlags } from './flags.ts'
import type { Gathered } from './gathering.ts'
import type { Handshake } from './handshake.ts'
import type { Target } from './rooms.ts'
import type { Space } from './space.ts'

/** A socket as it is told of: its own on this server, a description of it on others. */
export interface SocketDetails {
  readonly id: string
  readonly handshake: Handshake
  readonly rooms: readonly string[]
  readonly data: unknown
}

/** Whom a `BroadcastOperator` can reach, and what it can do to them. */
export interface Reach {
  emit(target: Target, args: readonly unknown[], flags: SendFlags): void
  gather(target: Target, args: readonly unknown[], flags: SendFlags, done: Gathered): void
  /** Sockets of this server, or details of those of others. */
  fetch(target: Target, flags: SendFlags): Promise<readonly (EventEmitter | SocketDetails)[]>
  join(target: Target, rooms: readonly string[], flags: SendFlags): void
  leave(target: Target, rooms: readonly string[], flags: SendFlags): void
  /** `close`: also the connections that they came by. */
  disconnect(target: Target, close: boolean, flags: SendFlags): void
}

/** The sockets of one namespace on this server. */
export class LocalReach implements Reach {
  readonly #space: Space

  constructor(space: Space) {
    this.#space = space
  }

  emit(target: Target, args: readonly unknown[], flags: SendFlags): void {
    this.#space.emit(target, args, flags)
  }

  gather(target: Target, args: readonly unknown[], flags: SendFlags, done: Gathered): void {
    this.#space.gather(target, args, flags, done)
  }

  async fetch(target: Target): Promise<EventEmitter[]> {
    return this.#space.rooms.select(target).flatMap(({ face }) => face ?? [])
  }

  join(target: Target, rooms: readonly string[]): void {
    for (const member of this.#space.rooms.select(target)) for (const room of rooms) member.join(room)
  }

  leave(target: Target, rooms: readonly string[]): void {
    for (const member of this.#space.rooms.select(target)) for (const room of rooms) member.leave(room)
  }

  disconnect(target: Target, close: boolean): void {
    for (const member of this.#space.rooms.select(target)) {
      if (close) member.carrier.disconnect()
      else member.disconnect()
    }
  }
}

/** The sockets of all namespaces that were made of one parent. */
export class ParentReach implements Reach {
  readonly #children: () => Iterable<Reach>

  constructor(children: () => Iterable<Reach>) {
    this.#children = children
  }

  emit(target: Target, args: readonly unknown[], flags: SendFlags): void {
    for (const child of this.#children()) child.emit(target, args, flags)
  }

  gather(): void {
    throw new Error('Acknowledgements of a parent namespace are not offered: ask each of its namespaces')
  }

  fetch(): Promise<never> {
    throw new Error('fetchSockets() is not supported on parent namespaces: ask each of their namespaces')
  }

  join(target: Target, rooms: readonly string[], flags: SendFlags): void {
    for (const child of this.#children()) child.join(target, rooms, flags)
  }

  leave(target: Target, rooms: readonly string[], flags: SendFlags): void {
    for (const child of this.#children()) child.leave(target, rooms, flags)
  }

  disconnect(target: Target, close: boolean, flags: SendFlags): void {
    for (const child of this.#children()) child.disconnect(target, close, flags)
  }
}
