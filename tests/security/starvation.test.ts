import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { Native } from '../support/native.ts'
import type { Program } from '../support/program.ts'
import { type ServerProgram, startHostile, startServer } from './programs.ts'

// What one hostile client costs the others. A report first: the figures depend on the machine and its company, so what is
// demanded is generous. The server, the hostile client and the measuring ones are three processes.

const CLIENTS = 20
const SENDERS = 4
const WINDOW_MS = 2_000
const ROUNDS = Number(process.env['ROUNDS'] ?? 1)

interface Window {
  readonly p50: number
  readonly p99: number
  readonly lost: number
}

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

/** Messages to all at a steady pace, and how long each took to come to each. */
async function measure(): Promise<Window> {
  const latencies: number[] = []
  for (const { raw } of clients) raw.frames.length = 0
  let sent = 0
  let ref = 1_000_000
  // The first client's clock is everybody's: it is one process.
  const pump = setInterval(() => {
    const sender = clients[sent % SENDERS] as Native
    sender.say('send', ++ref, 'room:a', 'message', `at ${performance.now()}`)
    sent++
  }, 10)
  const reader = (native: Native) => {
    let read = 0
    const look = () => {
      const now = performance.now()
      for (; read < native.raw.frames.length; read++) {
        const found = /"at ([\d.]+)"/.exec(native.raw.frames[read]?.payload.toString('latin1') ?? '')
        if (found) latencies.push(now - Number(found[1]))
      }
    }
    native.raw.socket.on('data', look)
    return () => native.raw.socket.off('data', look)
  }
  const stops = clients.map(reader)
  await new Promise((resolve) => setTimeout(resolve, WINDOW_MS))
  clearInterval(pump)
  const wanted = sent * CLIENTS
  const giveUpAt = performance.now() + 5_000
  while (latencies.length < wanted && performance.now() < giveUpAt)
    await new Promise((resolve) => setTimeout(resolve, 10))
  for (const stop of stops) stop()
  latencies.sort((a, b) => a - b)
  const at = (share: number) => latencies[Math.floor(latencies.length * share)] ?? Number.POSITIVE_INFINITY
  return { p50: at(0.5), p99: at(0.99), lost: wanted - latencies.length }
}

const middle = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0

describe('one hostile client', () => {
  const lines: string[] = []
  afterAll(() =>
    console.info(
      `| attack | p99 without | p99 with | ratio | CPU without | CPU with | came | closed with |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n${lines.join('\n')}`,
    ),
  )

  test.each(['pings', 'joins', 'presence', 'json', 'fragments', 'trickle', 'deaf', 'handshakes'])(
    'that floods with %s leaves the others served',
    async (attack) => {
      const calm: Window[] = []
      const stormy: Window[] = []
      const cpu: [number[], number[]] = [[], []]
      const closesBefore = server.states().at(-1)?.closes ?? {}
      let came = 0
      for (let round = 0; round < ROUNDS; round++) {
        await server.next()
        calm.push(await measure())
        cpu[0].push((await server.next()).cpuMs)
        hostile = await startHostile(attack, server.url)
        // What it may do at once, being new, is over after a moment; what it may do for good is what is measured.
        await server.next()
        await server.next()
        stormy.push(await measure())
        cpu[1].push((await server.next()).cpuMs)
        await hostile.stop()
        came += Number(/came (\d+)/.exec(hostile.output())?.[1] ?? 0)
        hostile = null
      }
      const [without, with_] = [middle(calm.map(({ p99 }) => p99)), middle(stormy.map(({ p99 }) => p99))]
      const closes = Object.entries(server.states().at(-1)?.closes ?? {})
        .map(([code, count]) => [code, count - (closesBefore[code] ?? 0)] as const)
        .filter(([, count]) => count > 0)
        .map(([code, count]) => `${code} (${count})`)
      lines.push(
        `| ${attack} | ${without.toFixed(1)} ms | ${with_.toFixed(1)} ms | ${(with_ / without).toFixed(2)} | ${middle(cpu[0]).toFixed(0)} ms/s | ${middle(cpu[1]).toFixed(0)} ms/s | ${came} | ${closes.join(', ')} |`,
      )
      expect([...calm, ...stormy].map(({ lost }) => lost)).toEqual(Array.from({ length: 2 * ROUNDS }, () => 0))
      expect(with_).toBeLessThan(Math.max(10 * without, without + 250))
      expect(middle(cpu[1]) - middle(cpu[0])).toBeLessThan(400)
      expect(clients.every(({ raw }) => !raw.ended)).toBe(true)
    },
    60_000,
  )
})
