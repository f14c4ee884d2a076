import type { TableChange } from './speech/speech.ts'

/** Numbers for names, shared by all tables, so that a table is a row of bits. */
export class Names {
  readonly #numbers = new Map<string, number>()

  numberOf(name: string): number {
    const known = this.#numbers.get(name)
    if (known !== undefined) return known
    const number = this.#numbers.size
    this.#numbers.set(name, number)
    return number
  }
}

/** Who is here, as one client knows it. Thousands of these hold thousands of names each. */
export class OnlineTable {
  readonly #names: Names
  #bits = new Uint8Array(16)
  #size = 0

  constructor(names: Names) {
    this.#names = names
  }

  get size(): number {
    return this.#size
  }

  apply({ whole, here, gone }: TableChange): void {
    if (whole) {
      this.#bits.fill(0)
      this.#size = 0
    }
    for (const name of gone) this.#set(this.#names.numberOf(name), false)
    for (const name of here) this.#set(this.#names.numberOf(name), true)
  }

  #set(number: number, here: boolean): void {
    const at = number >> 3
    const bit = 1 << (number & 7)
    if (at >= this.#bits.length) {
      const grown = new Uint8Array(Math.max(at + 1, this.#bits.length * 2))
      grown.set(this.#bits)
      this.#bits = grown
    }
    const byte = this.#bits[at] as number
    if (((byte & bit) !== 0) === here) return
    this.#bits[at] = byte ^ bit
    this.#size += here ? 1 : -1
  }
}
