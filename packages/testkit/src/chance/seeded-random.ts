import type { Random } from '@rollcall/core'

/** Chance that a seed repeats. */
export interface SeededRandom extends Random {
  readonly seed: number
  /** A whole number from `least` to `most`, both included. */
  int(least: number, most: number): number
  /** True with this probability. */
  chance(probability: number): boolean
  /** One of them. @throws RangeError if there are none. */
  pick<T>(from: readonly T[]): T
  /** One of the names, each as often as its weight says. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K
  /** Chance of its own for a part of a test: what one part draws does not change what another one gets. */
  fork(name: string): SeededRandom
}

/** Makes chance of a seed, a whole number. The same seed gives the same numbers on every machine. Not for secrets. */
export function seededRandom(seed: number): SeededRandom {
  if (!Number.isSafeInteger(seed)) throw new RangeError('seededRandom: the seed must be a whole number')
  return new Sfc32(seed, hash(2_166_136_261, String(seed)))
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** The small fast counter generator of 32 bits (Chris Doty-Humphrey, PractRand). */
class Sfc32 implements SeededRandom {
  readonly seed: number
  readonly #origin: number
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(seed: number, origin: number) {
    this.seed = seed
    this.#origin = origin
    this.#a = origin
    this.#b = hash(origin, 'b')
    this.#c = hash(origin, 'c')
    for (let i = 0; i < 12; i++) this.#next()
  }

  #next(): number {
    const t = (((this.#a + this.#b) | 0) + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + t) | 0
    return t >>> 0
  }

  fraction(): number {
    return this.#next() / 4_294_967_296
  }

  token(bytes = 16): string {
    const length = Math.ceil((bytes * 4) / 3)
    let token = ''
    for (let i = 0; i < length; i++) token += ALPHABET[this.#next() >>> 26]
    return token
  }

  int(least: number, most: number): number {
    return least + Math.floor(this.fraction() * (most - least + 1))
  }

  chance(probability: number): boolean {
    return this.fraction() < probability
  }

  pick<T>(from: readonly T[]): T {
    if (from.length === 0) throw new RangeError('pick: there is nothing to pick from')
    return from[this.int(0, from.length - 1)] as T
  }

  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const entries = Object.entries(weights) as [K, number][]
    let left = this.fraction() * entries.reduce((sum, [, weight]) => sum + weight, 0)
    for (const [name, weight] of entries) {
      left -= weight
      if (left < 0) return name
    }
    return (entries[entries.length - 1] as [K, number])[0]
  }

  fork(name: string): SeededRandom {
    return new Sfc32(this.seed, hash(this.#origin, `/${name}`))
  }
}

// FNV-1a, with a last mixing: neighbouring seeds must not begin alike.
function hash(from: number, text: string): number {
  let h = from | 0
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 16_777_619)
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}
