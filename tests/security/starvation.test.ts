import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { Native } from '../support/native.ts'
import type { Program } from '../support/program.ts'
import { until } from '../support/until.ts'
import { type ServerProgram, startHostile, startServer } from './programs.ts'

// One hostile client among others: they lose nothing, and it is held back or put out. What it costs them in time, which
// depends on the machine and its company, is measured by `npm run bench -- hostile`, with the same hostile client.

const CLIENTS = 20
const SENDERS = 4

let server: ServerProgram
let clients: Native[] = []
let hostile: Program | null = null

beforeAll(async () => {
  server = await startServer()
  clients = await Promise.all(
    Array.from({ length: CLIENTS }, (_, i) =>
      Native.join(server.url, 'room:a', {}, { presence: { name: `client ${i}` } }),
    ),
  )
})
afterEach(async () => {
  await hostile?.stop()
  hostile = null
})
afterAll(async () => {
  for (const { raw } of clients) raw.destroy()
  await server?.stop()
})

/** Others talk while the server tells `beats` times how it is; what each of them has heard of that, once that is everything. */
async function talk(beats: number): Promise<{ sent: string[]; heard: string[][] }> {
  const sent: string[] = []
  for (const { raw } of clients) raw.frames.length = 0
  const pump = setInterval(() => {
    const text = `word ${sent.length}`
    clients[sent.length % SENDERS]?.say('send', 1_000_000 + sent.length, 'room:a', 'message', text)
    sent.push(text)
  }, 10)
  for (let beat = 0; beat < beats; beat++) await server.next()
  clearInterval(pump)
  const words = (client: Native) => client.messages.filter((each): each is string => sent.includes(each as string))
  const heard = () => clients.map(words)
  await until(() => heard().every(({ length }) => length >= sent.length), {
    what: 'everything to come to everybody',
    deadlineMs: 20_000,
  })
  return { sent, heard: heard() }
}

const ATTACKS = [
  ['pings', '1008'],
  ['joins', '4405'],
  ['stubborn', '4405'],
  ['presence', '4405'],
  ['json', null],
  ['fragments', '4400'],
  ['trickle', '1008'],
  ['deaf', null],
  ['handshakes', null],
] as const

/** Each has one of its own: who has offended may come again only after a while. */
const addressOf = (attack: string) => `203.0.113.${ATTACKS.findIndex(([name]) => name === attack) + 1}`

test.each(ATTACKS)(
  'one hostile client that floods with %s takes nothing from the others',
  async (attack, putOutWith) => {
    // The hostile client before this one, with all that it did, is gone.
    const { closes: before } = await until(async () => {
      const state = await server.next()
      return state.connections === CLIENTS ? state : null
    })
    hostile = await startHostile(attack, server.url, addressOf(attack))
    const { sent, heard } = await talk(3)
    expect(sent.length).toBeGreaterThan(50)
    const [order = []] = heard
    // Everybody hears everything, once, in the order of everybody, and of each sender in its own.
    for (const words of heard) expect(words).toEqual(order)
    for (let sender = 0; sender < SENDERS; sender++) {
      const of = (words: readonly string[]) => words.filter((word) => Number(word.slice(5)) % SENDERS === sender)
      expect(of(order)).toEqual(of(sent))
    }
    const codes = async () => {
      const { closes } = await server.next()
      return Object.keys(closes).filter((code) => closes[code] !== before[code])
    }
    if (putOutWith)
      await until(async () => (await codes()).includes(putOutWith), { what: `a close with ${putOutWith}` })
    // Who reads nothing is put out as slow (4001) when the kernel's buffers are full, which may be later.
    else expect((await codes()).filter((code) => code !== '4001')).toEqual([])
    expect(clients.filter(({ raw }) => raw.ended)).toEqual([])
  },
  60_000,
)
