import { channel, contract } from '@rollcall/core'
import { cluster } from '@rollcall/testkit'
import { allow } from 'rollcall'
import { z } from 'zod'

const chat = contract({
  'room:{room}': channel({ send: { say: z.string() }, emit: { said: z.string() }, history: { messages: 100 } }),
})

// The application's own contract and handlers, a real server and real clients: only time and the network are the kit's.
const town = cluster(chat, {
  'room:{room}': { join: () => allow(), say: ({ channel }, text) => channel.emit('said', text) },
})
const anna = town.client('anna').join('room:lobby')
const ben = town.client('ben').join('room:lobby')
ben.on('said', (text) => console.log(text))
await town.until(ben.joined)

town.link('ben').cut() // or stall, halfOpen, refuse, slowReader; town.nodes[0].crash(), suspend, stop
await town.until(anna.send('say', 'hello')) // the clock stands still: `until` moves it on until this is settled
await town.advance(3_000) // Ben comes back, and has missed nothing: hello
