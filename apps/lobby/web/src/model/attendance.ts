import type { Person } from './timeline.ts'

/** Somebody came or went, as others are told. */
export interface Movement {
  readonly kind: 'joined' | 'left'
  readonly person: Person
}

/**
 * Tells who came and went. On the first join everybody is new to us, and after a lost connection the server may still be
 * counting: so nobody is announced until `settle`, and then only how the company differs from the one before.
 */
export class Attendance {
  readonly #self: string
  /** Whom the user has been told of. Null before the first time. */
  #told: ReadonlyMap<string, Person> | null = null
  #now: ReadonlyMap<string, Person> = new Map()
  #settled = false

  constructor(self: string) {
    this.#self = self
  }

  /** Who is here now. Answers what to announce. */
  see(people: readonly Person[]): readonly Movement[] {
    this.#now = new Map(people.filter(({ key }) => key !== this.#self).map((person) => [person.key, person]))
    return this.#settled ? this.#announce() : []
  }

  unsettle(): void {
    this.#settled = false
  }

  settle(): readonly Movement[] {
    if (this.#settled) return []
    this.#settled = true
    return this.#announce()
  }

  #announce(): readonly Movement[] {
    const before = this.#told
    const now = this.#now
    this.#told = now
    if (before === null) return []
    const left = [...before.values()].filter(({ key }) => !now.has(key))
    const joined = [...now.values()].filter(({ key }) => !before.has(key))
    return [
      ...left.map((person) => ({ kind: 'left' as const, person })),
      ...joined.map((person) => ({ kind: 'joined' as const, person })),
    ]
  }
}
