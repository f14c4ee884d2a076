import { afterAll, beforeAll, expect, test } from 'vitest'
import { lengthOf } from './case.ts'
import { closing } from './cases/closing.ts'
import { fragments } from './cases/fragments.ts'
import { opcodes } from './cases/opcodes.ts'
import { pings } from './cases/pings.ts'
import { utf8 } from './cases/utf8.ts'
import { type EchoServer, echoServer } from './echo.ts'
import { judge, Witness } from './judge.ts'

let server: EchoServer
let witness: Witness

beforeAll(async () => {
  server = await echoServer()
  witness = await Witness.open(server)
})
afterAll(async () => {
  witness.close()
  await server.close()
})

const chosen = [
  '2.4',
  '2.9',
  '4.1.3',
  '5.6',
  '5.15',
  '5.18',
  '6.2.4',
  '6.6.5',
  '6.15.1',
  '7.1.1',
  '7.1.5',
  '7.3.4',
  '7.9.3',
]
const cases = [...pings, ...opcodes, ...fragments, ...utf8, ...closing].filter(({ id }) => chosen.includes(id))

test('every chosen case is there', () => expect(cases.map(({ id }) => id)).toEqual(chosen))

test.each(cases)('$id is the same wherever it is cut in two: $name', async (each) => {
  const bytes = lengthOf(each)
  const wrong: string[] = []
  for (let cutAt = 1; cutAt < bytes; cutAt++) {
    const verdict = await judge(server, each, { cutAt }, witness)
    if (verdict !== null) wrong.push(`at ${cutAt}: ${verdict}`)
  }
  expect(wrong).toEqual([])
})
