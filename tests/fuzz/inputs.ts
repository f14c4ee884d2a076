import type { SeededRandom } from '@rollcall/testkit'
import { NASTY_BYTES, NASTY_TEXTS } from '../support/nasty.ts'

const NAMES = ['__proto__', 'constructor', 'toString', 'length', 'a', 'name', 'token', 'position', 'room:a', '']
const NUMBERS = [0, -0, 1, -1, 1.5, 2 ** 31, 2 ** 32, 2 ** 53, -(2 ** 53), 1e308, 5e-324]

/** A value as JSON has it, of any shape. */
function value(random: SeededRandom, depth = 0): unknown {
  const kind = random.int(0, depth > 4 ? 5 : 7)
  if (kind === 0) return null
  if (kind === 1) return random.chance(0.5)
  if (kind === 2) return random.pick(NUMBERS)
  if (kind === 3) return random.int(-5, 300)
  if (kind === 4) return random.pick(NAMES)
  if (kind === 5) return noise(random, random.int(0, 12))
  if (kind === 6) return Array.from({ length: random.int(0, 4) }, () => value(random, depth + 1))
  // An own `__proto__`, as JSON.parse would make one.
  const made: Record<string, unknown> = Object.create(null)
  for (let i = random.int(0, 4); i > 0; i--) made[random.pick(NAMES)] = value(random, depth + 1)
  return made
}

/** Text of any code units, halves of pairs among them. */
function noise(random: SeededRandom, length: number): string {
  let text = ''
  for (let i = 0; i < length; i++)
    text += String.fromCharCode(random.chance(0.7) ? random.int(0x20, 0x7e) : random.int(0, 0xffff))
  return text
}

/** A sample with one place of its JSON changed, taken away or doubled. */
function changed(random: SeededRandom, sample: string): string {
  const begin = sample.search(/[[{]/)
  if (begin < 0) return damaged(random, sample)
  let tree: unknown
  try {
    tree = JSON.parse(sample.slice(begin))
  } catch {
    return damaged(random, sample)
  }
  const places: [Record<string, unknown>, string][] = []
  const walk = (node: unknown) => {
    if (typeof node !== 'object' || node === null) return
    for (const name of Object.keys(node)) {
      places.push([node as Record<string, unknown>, name])
      walk((node as Record<string, unknown>)[name])
    }
  }
  walk(tree)
  if (places.length > 0) {
    const [node, name] = random.pick(places)
    const how = random.int(0, 3)
    if (how === 0 && Array.isArray(node)) node.splice(Number(name), 1)
    else if (how === 0) delete node[name]
    else if (how === 1 && Array.isArray(node)) node.splice(Number(name), 0, node[Number(name)])
    else node[name] = value(random)
  }
  return sample.slice(0, begin) + JSON.stringify(tree)
}

/** A sample with characters changed, cut out or put in. */
function damaged(random: SeededRandom, sample: string): string {
  const at = random.int(0, sample.length)
  const put = random.chance(0.3)
    ? random.pick(['[', ']', '{', '}', '"', '\\', ',', ':', '-', '0'])
    : noise(random, random.int(0, 4))
  return sample.slice(0, at) + put + sample.slice(at + random.int(0, 6))
}

function bytes(random: SeededRandom, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => random.int(0, 255)))
}

/** A message: one of the samples, most of them broken somewhere, or something else altogether. */
export function message(random: SeededRandom, samples: readonly string[]): string | Buffer {
  const kind = random.int(0, 19)
  if (kind < 3) return random.pick(samples)
  if (kind < 10) return changed(random, random.pick(samples))
  if (kind < 14) return damaged(random, random.pick(samples))
  if (kind === 14) return random.pick(NASTY_TEXTS)
  if (kind === 15) return JSON.stringify(value(random))
  if (kind === 16) return noise(random, random.int(0, 60))
  if (kind === 17) return random.pick(NASTY_BYTES)
  if (kind === 18) return bytes(random, random.int(0, 60))
  // A header and its length, as the binary frames of the native protocol have them, off by a little.
  const header = Buffer.from(changed(random, random.pick(samples)))
  const length = Math.max(0, header.length + random.int(-2, 2))
  return Buffer.concat([Buffer.from([(length >> 8) & 255, length & 255]), header, bytes(random, random.int(0, 8))])
}

/** A header's value. */
export function headerValue(random: SeededRandom, samples: readonly string[]): string {
  const raw = random.chance(0.4) ? random.pick(samples) : damaged(random, random.pick(samples))
  // What would end the header is the business of the parser of HTTP, which is Node's.
  return raw.replace(/[^\t\x20-\x7e\x80-\xff]/g, '').slice(0, 4_000)
}
