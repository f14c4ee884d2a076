import { createRequire } from 'node:module'
import { LongPoll, Presence, Socket } from 'phoenix'
import { io } from 'socket.io-client'
import { afterEach, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { describeInChromium } from '../support/chromium.ts'
import { until } from '../support/until.ts'
import { useHouse } from './house.ts'

// Clients of four systems, as their authors published them, in one room of one server.

type Connect = (url: string, options: object) => SomeSocket
const io2 = createRequire(import.meta.url)('socket.io-client-2') as Connect

const endings: (() => void)[] = []
afterEach(() => {
  for (const end of endings.splice(0)) end()
})

/** One client in the room, whatever it speaks. */
interface Guest {
  readonly name: string
  readonly heard: string[]
  say(text: string): void
  /** The names that it is told are here; null where its language does not tell. */
  here(): string[] | null
}

interface Told {
  readonly id: string
  readonly meta: { readonly name: string }
}

interface SomeSocket {
  on(event: string, listener: (...values: never[]) => void): unknown
  emit(event: string, value: string): unknown
  disconnect(): unknown
}

function socketGuest(name: string, socket: SomeSocket): Guest {
  const heard: string[] = []
  const members = new Map<string, string>()
  const add = (told: readonly Told[]) => {
    for (const { id, meta } of told) members.set(id, meta.name)
  }
  socket.on('message', (text: string) => heard.push(text))
  socket.on('presence_state', (told: readonly Told[]) => {
    members.clear()
    add(told)
  })
  socket.on('presence_diff', (diff: { joins: Told[]; updates: Told[]; leaves: Told[] }) => {
    add(diff.joins)
    add(diff.updates)
    for (const { id } of diff.leaves) members.delete(id)
  })
  endings.push(() => socket.disconnect())
  return { name, heard, say: (text) => socket.emit('message', text), here: () => [...members.values()] }
}

function phoenixGuest(url: string, name: string, transport: unknown): Guest {
  const socket = new Socket(`${url.replace('http', 'ws')}/socket`, { transport: transport as never })
  socket.connect()
  const channel = socket.channel('room:lobby', { name })
  const presence = new Presence(channel)
  const heard: string[] = []
  channel.on('message', (text: string) => {
    heard.push(text)
  })
  channel.join()
  endings.push(() => socket.disconnect())
  const here = () => presence.list((_key, { metas }: { metas: { name: string }[] }) => metas.map((meta) => meta.name))
  return { name, heard, say: (text) => channel.push('message', text as never), here: () => here().flat() }
}

function plainGuest(url: string, name: string): Guest & { readonly socket: WebSocket } {
  const socket = new WebSocket(`${url.replace('http', 'ws')}/plain/room:lobby?name=${name}`)
  const heard: string[] = []
  socket.on('message', (data) => heard.push(String(data)))
  endings.push(() => socket.terminate())
  return { name, heard, say: (text) => socket.send(text), here: () => null, socket }
}

describeInChromium('guests of many kinds', () => {
  const house = useHouse()

  it('a browser, Socket.IO 4 and 2, Phoenix and a plain WebSocket hear the same in the same order, and see each other', async () => {
    const alice = await house.enter('Alice')
    const plain = plainGuest(house.url, 'Plain')
    const upgraded = io(house.url, { auth: { name: 'Upgraded' } })
    const guests: Guest[] = [
      socketGuest('Socket', io(house.url, { transports: ['websocket'], auth: { name: 'Socket' } })),
      socketGuest('Polling', io(house.url, { transports: ['polling'], auth: { name: 'Polling' } })),
      socketGuest('Upgraded', upgraded),
      socketGuest('Old', io2(house.url, { query: { name: 'Old' }, forceNew: true })),
      phoenixGuest(house.url, 'Phoenix', WebSocket),
      phoenixGuest(house.url, 'Longpoll', LongPoll),
      plain,
    ]
    const names = ['Alice', ...guests.map(({ name }) => name)]
    await alice.seesHere(...names)
    await until(() => upgraded.io.engine.transport.name === 'websocket', { what: 'the upgrade' })
    const sees = (expected: readonly string[]) => async () => {
      const wanted = [...expected].sort().join()
      return guests.every((guest) => (guest.here() ?? expected).toSorted().join() === wanted)
    }
    await until(sees(names), { what: 'every guest to see everybody' })

    for (const guest of guests) guest.say(`${guest.name} says hello`)
    await alice.say('Alice says hello')
    await until(() => guests.every(({ heard }) => heard.length === names.length), {
      what: 'everybody to hear everything',
    })
    for (const { heard } of guests) expect(heard).toEqual(guests[0]?.heard)
    expect(guests[0]?.heard.toSorted()).toEqual(names.map((name) => `${name} says hello`).toSorted())
    // Her own stands at the end until it is accepted.
    const same = async () => (await alice.messages()).join('\n') === guests[0]?.heard.join('\n')
    await until(same, { what: 'the browser to show the same' })

    plain.socket.terminate()
    const left = names.filter((name) => name !== 'Plain')
    await alice.seesHere(...left)
    await until(sees(left), { what: 'everybody to agree that one has left' })
  })
})
