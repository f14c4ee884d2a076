import { expect, test } from 'vitest'
import type { Part } from './part.ts'
import { becomes, meets, until } from './world.ts'

export function messages({ subject, world, has }: Part): void {
  test('a message reaches the handler, and from it everybody, its sender too', async () => {
    const [tyr, bob] = [await world().join('tyr', 'room:a'), await world().join('bob', 'room:a')]
    await tyr.send('room:a', 'hi')
    await becomes(() => [tyr.messages('room:a'), bob.messages('room:a')], [['hi'], ['hi']])
    expect(world().handled).toEqual([['tyr', 'hi']])
  })

  test.each(['', ' ', '\u0000', '\ud83d\ude00', '"quoted"', '[1]', '__proto__', 'a\r\nb', '\u2028', 'x'.repeat(1_900)])(
    'the text %j arrives as it was',
    async (text) => {
      const tyr = await world().join('tyr', 'room:a')
      await tyr.send('room:a', text)
      await becomes(() => tyr.messages('room:a'), [text])
    },
  )

  test.skipIf(!has('depth'))('values of JSON arrive as they were', async () => {
    const values = [
      { a: [1, null, true, 'x'] },
      [],
      {},
      JSON.parse('{"__proto__":{"polluted":1}}'),
      { _placeholder: true, num: 0 },
    ]
    const tyr = await world().join('tyr', 'room:a')
    for (const value of values) await tyr.send('room:a', value)
    await becomes(() => JSON.stringify(tyr.messages('room:a')), JSON.stringify(values))
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
  })

  test.skipIf(!has('bytes'))('bytes arrive as bytes', async () => {
    const tyr = await world().join('tyr', 'file:a')
    for (const bytes of [[], [0], [0, 255, 128], Array.from({ length: 2_000 }, (_, i) => i % 256)])
      await tyr.send('file:a', new Uint8Array(bytes))
    await until(() => tyr.messages('file:a').length === 4)
    expect(tyr.messages('file:a').map((bytes) => (bytes as Uint8Array).length)).toEqual([0, 1, 3, 2_000])
    expect([...(tyr.messages('file:a')[2] as Uint8Array)]).toEqual([0, 255, 128])
  })

  test('everybody gets the messages of all in one order', async () => {
    const clients = await Promise.all(['tyr', 'bob', 'eve'].map((user) => world().join(user, 'log:a')))
    const sending = clients.map(async (client, who) => {
      for (let i = 0; i < 50; i++) await client.send('log:a', `${who} ${i}`)
    })
    await Promise.all(sending)
    await until(() => clients.every((client) => client.messages('log:a').length === 150))
    const [first, ...others] = clients.map((client) => client.messages('log:a'))
    for (const other of others) expect(other).toEqual(first)
    for (const who of [0, 1, 2])
      expect(first?.filter((text) => String(text).startsWith(`${who} `))).toEqual(
        Array.from({ length: 50 }, (_, i) => `${who} ${i}`),
      )
  })

  test.skipIf(!has('acknowledgement'))('a message is acknowledged when the handler has accepted it', async () => {
    const tyr = await world().join('tyr', 'room:a')
    await tyr.send('room:a', 'hi')
    expect(world().handled).toEqual([['tyr', 'hi']])
  })

  test('a message that its schema refuses is not accepted, and its sender is told', async () => {
    const [tyr, bob] = [await world().join('tyr', 'room:a'), await world().join('bob', 'room:a')]
    await meets(subject.fates.invalid, tyr, tyr.send('room:a', 'x'.repeat(2_001)))
    await bob.send('room:a', 'fine')
    await becomes(() => bob.messages('room:a'), ['fine'])
    expect(world().handled).toEqual([['bob', 'fine']])
  })

  test('what the application emits reaches all, and only those of the topic', async () => {
    const [tyr, bob] = [await world().join('tyr', 'room:a'), await world().join('bob', 'room:b')]
    await world().app.channel('room:a').emit('message', { n: 1 })
    await world().app.channel('room:b').emit('message', 'to b')
    await until(() => tyr.messages('room:a').length === 1 && bob.messages('room:b').length === 1)
    // A dialect of texts alone has it as JSON.
    expect([{ n: 1 }, '{"n":1}']).toContainEqual(tyr.messages('room:a')[0])
    expect(bob.messages('room:b')).toEqual(['to b'])
  })
}
