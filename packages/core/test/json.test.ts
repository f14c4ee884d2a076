import { parseJson } from '@rollcall/core'
import { expect, test } from 'vitest'

const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth)

test.each([
  ['a number', '1', 4, { value: 1 }],
  ['as deep as allowed', nested(4), 4, { value: [[[[]]]] }],
  ['one deeper', nested(5), 4, { fault: 'too_deep' }],
  ['brackets in a text', '["[[[[[[[["]', 4, { value: ['[[[[[[[['] }],
  ['brackets behind an escaped quote', '["\\"[[[[[[[["]', 4, { value: ['"[[[[[[[['] }],
  ['brackets behind an escaped backslash', '["\\\\",[[[[1]]]]]', 4, { fault: 'too_deep' }],
  ['closed ones do not count', '[[],[],[],[],[]]', 2, { value: [[], [], [], [], []] }],
  ['objects count too', '{"a":{"a":{"a":{"a":1}}}}', 3, { fault: 'too_deep' }],
  ['nothing', '', 4, { fault: 'not_json' }],
  ['a half', '[1', 4, { fault: 'not_json' }],
  ['NUL', '\u0000', 4, { fault: 'not_json' }],
  ['a million brackets', '['.repeat(1_000_000), 64, { fault: 'too_deep' }],
])('%s', (_, text, depth, result) => {
  expect(parseJson(text, depth)).toEqual(result)
})

test('__proto__ is a name like any other', () => {
  const parsed = parseJson('{"__proto__":{"polluted":true}}', 4)
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined()
  expect('value' in parsed && Object.keys(parsed.value as object)).toEqual(['__proto__'])
})
