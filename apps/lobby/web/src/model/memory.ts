import type { Position, Undo } from '@rollcall/core'
import { isOffset } from '@rollcall/core'
import { MAX_NAME_LENGTH } from '../../../src/contract.ts'
import { type RoomRef, readRooms, writeRooms } from './rooms.ts'

/** Where a browser keeps texts: `localStorage`, or something like it. */
export interface Shelf {
  getItem(key: string): string | null
  setItem(key: string, value: string): void
}

/** What the lobby remembers in a browser, shared by its tabs. Whatever stands there is checked: it may be of another version. */
export class Memory {
  readonly #shelf: Shelf | null
  readonly #prefix = 'rollcall-lobby:'

  /** Without a shelf nothing outlives the page. */
  constructor(shelf: Shelf | null) {
    this.#shelf = shelf
  }

  #read(name: string): string | null {
    try {
      return this.#shelf?.getItem(this.#prefix + name) ?? null
    } catch {
      return null
    }
  }

  // A browser may forbid it, or have no room. Then this visit is all there is.
  #write(name: string, value: string): void {
    try {
      this.#shelf?.setItem(this.#prefix + name, value)
    } catch {}
  }

  /** Proves who one is. Made once, with `fresh`. */
  secret(fresh: () => string): string {
    const known = this.#read('secret')
    if (known !== null && /^[\w-]{22,86}$/.test(known)) return known
    const secret = fresh()
    this.#write('secret', secret)
    return secret
  }

  get name(): string | null {
    const name = this.#read('name')?.trim() ?? ''
    return name !== '' && name.length <= MAX_NAME_LENGTH ? name : null
  }

  set name(name: string) {
    this.#write('name', name)
  }

  get rooms(): readonly RoomRef[] {
    return readRooms(this.#read('rooms'))
  }

  set rooms(rooms: readonly RoomRef[]) {
    this.#write('rooms', writeRooms(rooms))
  }

  get theme(): Theme {
    const theme = this.#read('theme')
    return theme === 'dark' || theme === 'light' ? theme : 'system'
  }

  set theme(theme: Theme) {
    this.#write('theme', theme)
  }

  /** The newest message of a topic that was seen. */
  lastRead(topic: string): Position | null {
    const [epoch = '', offset = ''] = (this.#read(`read:${topic}`) ?? '').split(' ')
    const position = { epoch, offset: Number(offset || Number.NaN) }
    return epoch !== '' && isOffset(position.offset) ? position : null
  }

  setLastRead(topic: string, { epoch, offset }: Position): void {
    this.#write(`read:${topic}`, `${epoch} ${offset}`)
  }

  /** Which memory a change of the shelf touches: `name`, `rooms`, `read:<topic>`. Null if it is not the lobby's. */
  nameOf(key: string | null): string | null {
    return key?.startsWith(this.#prefix) ? key.slice(this.#prefix.length) : null
  }
}

export type Theme = 'system' | 'light' | 'dark'

/** The browser's own shelf. Null where the page may not have one. */
export function browserShelf(): Shelf | null {
  try {
    return window.localStorage
  } catch {
    return null
  }
}

/** Hears of what other tabs write. */
export function watchShelf(memory: Memory, changed: (name: string) => void): Undo {
  const listener = ({ key }: StorageEvent) => {
    const name = memory.nameOf(key)
    if (name !== null) changed(name)
  }
  window.addEventListener('storage', listener)
  return () => window.removeEventListener('storage', listener)
}
