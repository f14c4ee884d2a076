import { channel, contract, volatile } from '@rollcall/core'
import { allow } from 'rollcall'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { cluster } from '../src/index.ts'

const chat = contract({
  'room:{room}': channel({
    send: { say: z.string() },
    emit: { said: z.string(), cursor: volatile(z.number()) },
    presence: z.object({ name: z.string() }),
    history: { messages: 100 },
  }),
})

const handlers = {
  'room:{room}': {
    join: () => allow(),
    say: ({ channel }: { channel: { emit(event: 'said', text: string): Promise<unknown> } }, text: string) =>
      channel.emit('said', text),
  },
}

it('a client that was cut off gets what it missed', async () => {
  const town = cluster(chat, handlers as never)
  const anna = town.client('anna').join('room:lobby', { presence: { name: 'Anna' } })
  const ben = town.client('ben').join('room:lobby')
  const heard: string[] = []
  ben.on('said', (text) => heard.push(text))
  await town.until(ben.joined)
  await town.until(anna.joined)
  const sent = await town.until(anna.send('say', 'one'))
  expect(sent.position?.offset).toBe(1)
  await town.advance(1000)
  expect(heard).toEqual(['one'])
  expect(town.link('ben').cut()).toBe(1)
  await town.until(anna.send('say', 'two'))
  expect(heard).toEqual(['one'])
  await town.advance(3000)
  expect(heard).toEqual(['one', 'two'])
  expect(ben.presence.members().map(({ key }) => key).length).toBe(1)
})
