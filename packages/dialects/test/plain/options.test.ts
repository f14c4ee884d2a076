import { plain } from '@rollcall/dialects/plain'
import { expect, test } from 'vitest'

test.each([
  [{ path: 'plain' }, 'plain: path "plain" must be like /plain'],
  [{ path: '/' }, 'plain: path "/" must be like /plain'],
  [{ path: '/a?b' }, 'plain: path "/a?b" must be like /plain'],
  [{ event: '' }, 'plain: event must be a text of 1 to 255 characters'],
  [{ pingMs: 0 }, 'plain: pingMs must be above 0'],
  [{ deadMs: Number.NaN }, 'plain: deadMs must be above 0'],
])('%j is refused', (options, message) => {
  expect(() => plain(options)).toThrow(message)
})

test('it is named plain unless told', () => {
  expect(plain().name).toBe('plain')
  expect(plain({ name: 'json', path: '/json/' }).name).toBe('json')
})
