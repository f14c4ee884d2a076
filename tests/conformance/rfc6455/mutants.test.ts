import { afterEach, describe, expect, test } from 'vitest'
import * as ws from 'ws'
import { type Case, NOT_UTF8 } from './case.ts'
import { closing, laterCodes } from './cases/closing.ts'
import { fragments } from './cases/fragments.ts'
import { opcodes } from './cases/opcodes.ts'
import { pings } from './cases/pings.ts'
import { reservedBits } from './cases/reserved-bits.ts'
import { utf8 } from './cases/utf8.ts'
import { echoServer } from './echo.ts'
import { judge, Witness } from './judge.ts'

// A suite that nothing fails is worth nothing. Here the parser is broken on purpose, one check at a time.

interface Parser {
  _buffers: Buffer[]
  _bufferedBytes: number
  _fragmented: number
  _opcode: number
  _skipUTF8Validation: boolean
  emit(event: string, payload: Buffer): void
  getInfo(...args: unknown[]): void
  dataMessage(...args: unknown[]): void
  controlMessage(payload: Buffer, ...args: unknown[]): void
}

// Exported, and left out of the types.
const parser = (ws as unknown as { Receiver: { prototype: Parser } }).Receiver.prototype
const { getInfo, dataMessage, controlMessage } = parser
afterEach(() => void Object.assign(parser, { getInfo, dataMessage, controlMessage }))

/** Lets `change` at the first byte of every frame before it is judged. */
const firstByte = (change: (byte: number, parser: Parser) => number) => {
  parser.getInfo = function (this: Parser, ...args) {
    const [first] = this._buffers
    if (this._bufferedBytes >= 2 && first) first[0] = change(first[0]!, this)
    getInfo.apply(this, args)
  }
}

const all: readonly Case[] = [...pings, ...reservedBits, ...opcodes, ...fragments, ...utf8, ...closing, ...laterCodes]

// Lanes run side by side: much of the time is spent waiting for what a broken parser never does.
const LANES = 24
// Within which a sound server has answered, also on a machine that has much else to do.
const DEADLINE_MS = 3_000

async function failing(): Promise<string[]> {
  const server = await echoServer()
  const failed = new Set<string>()
  const queue = [...all]
  const lane = async () => {
    const witness = await Witness.open(server)
    for (let each = queue.shift(); each; each = queue.shift())
      if ((await judge(server, each, 'whole', witness, DEADLINE_MS)) !== null) failed.add(each.id)
    witness.close()
  }
  await Promise.all(Array.from({ length: LANES }, lane))
  await server.close()
  return idsOf(all).filter((id) => failed.has(id))
}

const idsOf = (cases: readonly Case[]) => cases.map(({ id }) => id)

describe('the suite notices a parser', () => {
  test('with nothing taken out: it is sound', async () => {
    expect(await failing()).toEqual([])
  })

  test('that does not look whether text is UTF-8: half of category 6', async () => {
    parser.dataMessage = function (this: Parser, ...args) {
      this._skipUTF8Validation = true
      dataMessage.apply(this, args)
    }
    const wrong = idsOf(utf8.filter(({ ending }) => ending === NOT_UTF8))
    expect(await failing()).toEqual([...wrong, '7.5.1'])
    expect(wrong.length).toBe(75)
  })

  test('that does not look at reserved bits: category 3', async () => {
    firstByte((byte) => byte & 0x8f)
    expect(await failing()).toEqual(idsOf(reservedBits))
  })

  test('that takes a reserved opcode for a text: category 4', async () => {
    firstByte((byte) => ([3, 4, 5, 6, 7, 11, 12, 13, 14, 15].includes(byte & 15) ? (byte & 0xf0) | 1 : byte))
    expect(await failing()).toEqual(idsOf(opcodes))
  })

  test('that takes a continuation of nothing for a text', async () => {
    firstByte((byte, { _fragmented }) => ((byte & 15) === 0 && _fragmented === 0 ? byte | 1 : byte))
    expect(await failing()).toEqual(['5.9', '5.10', '5.11', '5.17'])
  })

  test('that takes a new text for a continuation', async () => {
    firstByte((byte, { _fragmented }) => ((byte & 15) === 1 && _fragmented !== 0 ? byte & 0xf0 : byte))
    expect(await failing()).toEqual(['5.18'])
  })

  test('that lets a ping be fragmented', async () => {
    firstByte((byte) => ((byte & 15) > 8 ? byte | 0x80 : byte))
    expect(await failing()).toEqual(['5.1'])
  })

  test('that does not look at close codes', async () => {
    parser.controlMessage = function (this: Parser, payload, ...args) {
      if (this._opcode === 8 && payload.length >= 2) payload.writeUInt16BE(1000)
      controlMessage.call(this, payload, ...args)
    }
    const refused = [...closing, ...laterCodes].filter(({ id }) => /^(7\.9|7\.13|never)/.test(id))
    expect(await failing()).toEqual(idsOf(refused))
  })

  test('that answers a ping behind a close', async () => {
    parser.controlMessage = function (this: Parser, payload, ...args) {
      if (this._opcode === 8 && this._bufferedBytes === 6) this.emit('ping', Buffer.alloc(0))
      controlMessage.call(this, payload, ...args)
    }
    expect(await failing()).toEqual(['7.1.3', '7.1.6'])
  })
})
