import { connect } from '@rollcall/client'
import { channel, contract } from '@rollcall/core'
import { z } from 'zod'

// The same contract that the server has.
const chat = contract({
  'room:{room}': channel({
    send: { message: z.string() },
    emit: { message: z.string() },
    presence: z.object({ name: z.string() }),
    history: {},
  }),
})

export async function greet(url: string = 'http://localhost:8210'): Promise<void> {
  const client = connect(chat, url)
  const room = client.join('room:lobby', { presence: { name: 'Tyr' }, last: 20 })
  room.on('message', (text, { from, at }) => console.log(new Date(at), from?.name, text))
  room.presence.subscribe((members) => console.log(members.map(({ meta }) => meta.name)))
  await room.send('message', 'hi, this is Tyr') // settles when the server has accepted it
  await client.close()
}
