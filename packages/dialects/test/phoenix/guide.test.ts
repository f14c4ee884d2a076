import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CloseCode } from '@rollcall/core'
import { expect, test } from 'vitest'
import { PhoenixClose, phoenixCloseCode } from '../../src/phoenix/closing.ts'

const guide = readFileSync(join(import.meta.dirname, '../../../../docs/guide/from-phoenix.md'), 'utf8')
const told = [...guide.matchAll(/^\| (\d{4}) \|/gm)].map(([, code]) => Number(code))

test('the guide tells every code that a connection is closed with, and no other', () => {
  const { normal, protocolError, invalidText, superseded, badFrame, tooDeep, wrongVersion, ...sent } = CloseCode
  const codes = new Set([...Object.values(sent).map(phoenixCloseCode), ...Object.values(PhoenixClose)])
  expect(told).toEqual([...codes].sort((a, b) => a - b))
  // Those of the protocol below, and those that only other languages lead to.
  for (const code of [normal, protocolError, invalidText, superseded, badFrame, tooDeep, wrongVersion])
    expect(phoenixCloseCode(code)).toBe(code)
})

test.each([
  'path',
  'maxChannels',
  'maxFrameBytes',
  'idleMs',
  'pingMs',
  'deadMs',
  'longPoll.windowMs',
  'longPoll.idleMs',
  'longPoll.maxBodyBytes',
  'name',
])('the guide tells the option %s', (option) => {
  expect(guide).toMatch(new RegExp(`^\\| .*\`${option}\`.* \\|`, 'm'))
})
