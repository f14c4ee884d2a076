import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ErrorCode, reactionTo } from '@rollcall/core'
import { expect, test } from 'vitest'
import { closingOf } from '../../src/plain/closing.ts'

const guide = readFileSync(join(import.meta.dirname, '../../../../docs/guide/plain-websocket.md'), 'utf8')
const rows = [...guide.matchAll(/^\| ([\d, ]+) \|/gm)].flatMap(([, codes = '']) => codes.split(', ').map(Number))

/** Every code of a refusal that a server can tell, and the close that a plain client gets for it. */
const closes: Readonly<Partial<Record<ErrorCode, number>>> = {
  bad_request: 4400,
  unknown_topic: 4407,
  unknown_event: 4408,
  invalid_payload: 4408,
  not_joined: 4003,
  closed: 4003,
  too_big: 4408,
  too_deep: 4404,
  no_presence: 4408,
  unauthorized: 4402,
  refused: 4403,
  rate_limited: 4405,
  unavailable: 4101,
  internal: 1011,
}

test.each(Object.entries(closes))('%s closes with %i, which the guide tells', (code, close) => {
  expect(closingOf({ code: code as ErrorCode, message: '' }).code).toBe(close)
  expect(rows).toContain(close)
})

test('the guide says of no code to try again that says to stop, and the other way round', () => {
  const stopping = rows.filter((code) => reactionTo(code) === 'stop')
  expect(stopping).toEqual([1009, 4400, 4402, 4403, 4404, 4405, 4407, 4408])
})
