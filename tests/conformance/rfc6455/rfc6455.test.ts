import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Case, WAYS } from './case.ts'
import { automaticFragmentation } from './cases/automatic-fragmentation.ts'
import { closing, laterCodes } from './cases/closing.ts'
import { fragments } from './cases/fragments.ts'
import { opcodes } from './cases/opcodes.ts'
import { pings } from './cases/pings.ts'
import { reservedBits } from './cases/reserved-bits.ts'
import { sizes } from './cases/sizes.ts'
import { utf8 } from './cases/utf8.ts'
import { volume } from './cases/volume.ts'
import { type EchoServer, echoServer } from './echo.ts'
import { applies, judge, Witness } from './judge.ts'

const categories: readonly (readonly [name: string, count: number, cases: readonly Case[]])[] = [
  ['1: frame sizes', 16, sizes],
  ['2: pings and pongs', 11, pings],
  ['3: reserved bits', 7, reservedBits],
  ['4: reserved opcodes', 10, opcodes],
  ['5: fragmentation', 20, fragments],
  ['6: UTF-8', 145, utf8],
  ['7: closing', 37, closing],
  ['7, beyond the numbered cases: close codes', 4, laterCodes],
  ['9: large messages and many', 54, volume],
  ['10: automatic fragmentation', 1, automaticFragmentation],
]

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

describe.each(categories)('category %s', (_, count, cases) => {
  test(`has ${count} cases, each once`, () => {
    expect([cases.length, new Set(cases.map(({ id }) => id)).size]).toEqual([count, count])
  })

  for (const each of cases)
    test(`${each.id}: ${each.name}`, async () => {
      const verdicts: Record<string, string | null> = {}
      for (const way of WAYS) if (applies(each, way)) verdicts[way] = await judge(server, each, way, witness)
      expect(
        Object.values(verdicts).every((verdict) => verdict === null),
        JSON.stringify(verdicts),
      ).toBe(true)
    })
})
