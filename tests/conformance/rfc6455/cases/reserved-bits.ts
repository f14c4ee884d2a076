import { BINARY, CLOSE, closePayload, frame, PING, ping, TEXT, text } from '../../../support/frames.ts'
import { type Case, FAILS, textOf, writes } from '../case.ts'

const good = 'Hello, world!'

const between = (rsv: number) => ({
  name: `on a text between a good text and a ping, RSV = ${rsv}`,
  steps: writes(text(good), text('reserved', { rsv }), ping()),
  expected: [textOf(good)],
})
const alone = (rsv: number, name: string, opcode: number, payload: string | Buffer = good) => ({
  name: `on ${name}, RSV = ${rsv}`,
  steps: writes(frame(opcode, payload, { rsv }), ping()),
  expected: [],
})

/** Category 3: reserved bits without an extension. */
export const reservedBits: readonly Case[] = [
  alone(1, 'a text', TEXT),
  between(2),
  between(3),
  between(4),
  alone(5, 'a binary frame', BINARY),
  alone(6, 'a ping', PING),
  alone(7, 'a close', CLOSE, closePayload(1000)),
].map((each, i) => ({ id: `3.${i + 1}`, ...each, ending: FAILS }))
