import { isTopic, MAX_TOPIC_LENGTH, pattern } from '@rollcall/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

describe('a topic name', () => {
  test.each([
    ['a letter', 'a', true],
    ['a usual name', 'room:lobby', true],
    ['spaces and slashes', 'a b/c', true],
    ['an emoji', '🎉', true],
    ['the longest', 'x'.repeat(MAX_TOPIC_LENGTH), true],
    ['a name of Object.prototype', '__proto__', true],
    ['nothing', '', false],
    ['one too long', 'x'.repeat(MAX_TOPIC_LENGTH + 1), false],
    ['NUL', 'a\u0000b', false],
    ['a line break', 'a\nb', false],
    ['DEL', 'a\u007f', false],
    ['a high surrogate alone', 'a\ud83c', false],
    ['a low surrogate alone', '\udf89a', false],
    ['surrogates swapped', '\udf89\ud83c', false],
    ['a number', 7, false],
    ['null', null, false],
    ['an array of one name', ['a'], false],
  ])('%s', (_, name, ok) => {
    expect(isTopic(name)).toBe(ok)
  })
})

describe('a pattern takes', () => {
  test.each([
    ['news', 'news', {}],
    ['news', 'news2', null],
    ['news', 'new', null],
    ['room:{room}', 'room:lobby', { room: 'lobby' }],
    ['room:{room}', 'room:', null],
    ['room:{room}', 'room:a:b', { room: 'a:b' }],
    ['room:{room}', 'rooms:a', null],
    ['{a}', 'x', { a: 'x' }],
    ['{a}', '', null],
    ['{a}:{b}', 'x:y:z', { a: 'x', b: 'y:z' }],
    ['{a}:{b}', ':y', null],
    ['{a}:{b}', 'x:', null],
    ['game:{id}:chat', 'game:7:chat', { id: '7' }],
    ['game:{id}:chat', 'game::chat', null],
    ['game:{id}:chat', 'game:chat', null],
    ['game:{id}:chat', 'game:a:chat:chat', { id: 'a:chat' }],
    ['a{x}b{y}c', 'a1b2c', { x: '1', y: '2' }],
    ['a{x}b{y}c', 'a1b2', null],
    ['{x}aa', 'aa', null],
    ['{x}aa', 'aaa', { x: 'a' }],
    ['room:{__proto__}', 'room:1', Object.fromEntries([['__proto__', '1']])],
  ])('%s, %s', (source, topic, params) => {
    const found = pattern(source).match(topic)
    expect(found && Object.entries(found)).toEqual(params && Object.entries(params))
  })

  test('parameters that no prototype can shadow', () => {
    expect(Object.getPrototypeOf(pattern('a:{x}').match('a:1'))).toBeNull()
  })

  test('exactly the topics that it is filled into', () => {
    const word = fc.stringMatching(/^[a-z]{1,5}$/)
    fc.assert(
      fc.property(word, word, word, (head, a, b) => {
        expect({ ...pattern(`${head}:{a}/{b}`).match(`${head}:${a}/${b}`) }).toEqual({ a, b })
      }),
    )
  })
})

test.each([
  ['', 'cannot be empty'],
  ['{', 'braces'],
  ['a{', 'braces'],
  ['a}', 'without its {'],
  ['{}', 'braces'],
  ['{a b}', 'braces'],
  ['{a}{b}', 'between two'],
  ['{a}:{a}', 'twice'],
])('the pattern %j is refused', (source, reason) => {
  expect(() => pattern(source)).toThrow(TypeError)
  expect(() => pattern(source)).toThrow(reason)
})
