import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readVisit } from '../../src/plain/visit.ts'

const read = (target: string, path = '/plain') => readVisit(new URL(target, 'http://host'), path, 64)
const bare = {
  topic: 'room:lobby',
  credentials: {},
  presence: null,
  presenceByName: false,
  input: undefined,
  last: null,
}

describe('the address of a plain client', () => {
  test.each([
    ['/plain/room:lobby', bare],
    ['/plain/room%3Alobby', bare],
    ['/plain/room:lobby?', bare],
    ['/plain/room:a/b', { ...bare, topic: 'room:a/b' }],
    ['/plain/room:a%2Fb', { ...bare, topic: 'room:a/b' }],
    ['/plain//room', { ...bare, topic: '/room' }],
    ['/plain/r%C3%A4ume%20%F0%9F%98%80', { ...bare, topic: 'räume 😀' }],
    ['/plain/%252F', { ...bare, topic: '%2F' }],
    ['/plain/__proto__', { ...bare, topic: '__proto__' }],
    [
      '/plain/room:lobby?name=Tyr',
      { ...bare, credentials: { name: 'Tyr' }, presence: { meta: { name: 'Tyr' } }, presenceByName: true },
    ],
    [
      '/plain/room:lobby?name=Tyr&name=Loki&user=u1&token=abc',
      {
        ...bare,
        credentials: { name: 'Tyr', user: 'u1', token: 'abc' },
        presence: { meta: { name: 'Tyr' } },
        presenceByName: true,
      },
    ],
    [
      '/plain/room:lobby?name=Tyr&presence={"name":"T","away":true}',
      { ...bare, credentials: { name: 'Tyr' }, presence: { meta: { name: 'T', away: true } } },
    ],
    ['/plain/room:lobby?name=Tyr&presence=off', { ...bare, credentials: { name: 'Tyr' } }],
    ['/plain/room:lobby?last=20', { ...bare, last: 20 }],
    ['/plain/room:lobby?invite=s3cret&invite=x&last=0', { ...bare, input: { invite: 's3cret' }, last: 0 }],
  ])('%s', (target, visit) => {
    expect(read(target)).toEqual(visit)
  })

  test.each([
    ['/plain', 'name a topic, as in /plain/room:lobby'],
    ['/plain/', 'name a topic, as in /plain/room:lobby'],
    ['/plain/%ff', 'the topic is not a valid URL encoding'],
    ['/plain/room:%E0%A4%A', 'the topic is not a valid URL encoding'],
    ['/plain/a%00b', 'a topic is 1 to 255 characters, none of them control characters'],
    [`/plain/${'a'.repeat(256)}`, 'a topic is 1 to 255 characters, none of them control characters'],
    ['/plain/room:lobby?last=-1', 'last must be a whole number from 0'],
    ['/plain/room:lobby?last=1e3', 'last must be a whole number from 0'],
    ['/plain/room:lobby?last=99999999999999999999', 'last must be a whole number from 0'],
    ['/plain/room:lobby?presence=', 'presence must be JSON, or off'],
    ['/plain/room:lobby?presence={name:1}', 'presence must be JSON, or off'],
    [`/plain/room:lobby?presence=${'['.repeat(65)}${']'.repeat(65)}`, 'presence must be JSON, or off'],
  ])('%s is turned away', (target, fault) => {
    expect(read(target)).toEqual({ fault })
  })

  test('a parameter named __proto__ is a field like any other', () => {
    const visit = read('/plain/room:lobby?__proto__=x')
    if ('fault' in visit) throw new Error(visit.fault)
    expect(Object.entries(visit.input ?? {})).toEqual([['__proto__', 'x']])
  })

  test('every topic that is one can be reached by its encoding, under any path', () => {
    const topics = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 50 })
      .filter((topic) => !/^\.{1,2}$/.test(topic))
    fc.assert(
      fc.property(topics, fc.constantFrom('/plain', '/a/b'), (topic, path) => {
        const visit = read(`${path}/${encodeURIComponent(topic)}`, path)
        // biome-ignore lint/suspicious/noControlCharactersInRegex: what no topic has
        if (/[\u0000-\u001f\u007f]/.test(topic)) expect(visit).toHaveProperty('fault')
        else expect(visit).toMatchObject({ topic })
      }),
    )
  })
})
