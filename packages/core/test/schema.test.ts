import { bytes, isSchema, type Schema, validate } from '@rollcall/core'
import * as v from 'valibot'
import { expect, test } from 'vitest'
import { z } from 'zod'

const made = (validate: (value: unknown) => unknown): Schema =>
  ({ '~standard': { version: 1, vendor: 'test', validate } }) as Schema

test.each([
  ['zod', z.string()],
  ['valibot', v.string()],
])('%s answers at once', (_, schema) => {
  expect(validate(schema, 'a')).toEqual({ value: 'a' })
  expect(validate(schema, 1)).toMatchObject({ issues: expect.stringContaining('string') })
})

test('where it is wrong is told', () => {
  expect(validate(z.object({ a: z.object({ b: z.number() }) }), { a: { b: 'x' } })).toEqual({
    issues: expect.stringMatching(/^a\.b: /),
  })
})

test('many faults are told shortly', () => {
  const found = validate(z.array(z.number()), Array(1_000).fill('x'.repeat(100)))
  expect('issues' in (found as object) && (found as { issues: string }).issues.length).toBeLessThanOrEqual(500)
})

test('a schema may take its time', async () => {
  const schema = z.string().refine(async (text) => text === 'a')
  await expect(validate(schema, 'a')).resolves.toEqual({ value: 'a' })
  await expect(validate(schema, 'b')).resolves.toHaveProperty('issues')
})

test.each([
  [
    'throws',
    made(() => {
      throw new Error('secret')
    }),
  ],
  ['rejects', made(() => Promise.reject(new Error('secret')))],
])('a schema that %s has failed, and tells nothing of it', async (_, schema) => {
  expect(await validate(schema, 'a')).toEqual({ issues: 'the schema could not judge this value' })
})

test('no issues at all are a failure all the same', () => {
  expect(
    validate(
      made(() => ({ issues: [] })),
      1,
    ),
  ).toEqual({ issues: 'refused by its schema' })
})

test.each([
  [z.string(), true],
  [bytes(), true],
  [null, false],
  [undefined, false],
  ['~standard', false],
  [{}, false],
  [String, false],
])('%s: a schema %s', (value, is) => {
  expect(isSchema(value)).toBe(is)
})

test.each([
  [new Uint8Array(3), true],
  [new Uint8Array(4), false],
  ['abc', false],
  [[1, 2], false],
  [null, false],
])('bytes up to 3 take %o: %s', (value, ok) => {
  expect('value' in (validate(bytes({ maxBytes: 3 }), value) as object)).toBe(ok)
})
