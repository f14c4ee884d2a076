import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Client, connect, type Room } from '@rollcall/client'
import type { ChannelSpec } from '@rollcall/core'
import {
  check,
  type FaultProxy,
  faultProxy,
  type History,
  history,
  type Members,
  type ProxiedConnection,
  type RecordedRoom,
  recordRoom,
  type SeededRandom,
  seededRandom,
} from '@rollcall/testkit'
import { afterEach, expect, it } from 'vitest'
import { WebSocket } from 'ws'
import { type Program, startProgram } from '../support/program.ts'
import { until } from '../support/until.ts'
import { continuity, TIMES } from './continuity-contract.mjs'

const CLIENTS = 200
const ROOMS = 10
const KILLS = 5
/** How often each client says something, in milliseconds, on average. */
const SAY_MS = 1_000
const BACKOFF = { minMs: 200, maxMs: 2_000 }
/** How long everything may take to be well again: silence noticed, one attempt in vain, and the grace. */
const HEALING_MS = TIMES.pingMs + TIMES.deadMs + 1_000 + 2 * BACKOFF.maxMs + TIMES.graceMs + TIMES.positionMs

const cleanups: (() => unknown)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** Real time, over real processes: how long people are silent, faults last, and all may take to be well again. */
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms))

interface Person {
  readonly user: string
  readonly topic: string
  readonly client: Client
  readonly room: Room<ChannelSpec>
  readonly recorded: RecordedRoom<ChannelSpec>
}

/** The program, which can be killed and started again behind the same proxy. */
class Killable {
  readonly #folder: string
  #program: Program | null = null
  port = 0

  constructor(folder: string) {
    this.#folder = folder
  }

  async start(): Promise<void> {
    const script = join(import.meta.dirname, 'continuity-server.mjs')
    const args = [script, this.#folder, '0']
    this.#program = await startProgram(process.execPath, /listening on http:\/\/\S+:(\d+)/, { args })
    this.port = Number(this.#program.ready[1])
  }

  async kill(): Promise<void> {
    await this.#program?.stop('SIGKILL')
  }

  get output(): string {
    return this.#program?.output() ?? ''
  }
}

function arrive(log: History, proxy: FaultProxy, i: number): Person {
  const user = `user-${i}`
  const topic = `room:${i % ROOMS}`
  const client = connect(continuity, `http://127.0.0.1:${proxy.port}`, {
    credentials: user,
    backoff: BACKOFF,
    openTimeoutMs: 4_000,
    webSocket: (url, protocols) => new WebSocket(url, protocols) as never,
  }) as unknown as Client
  const room = client.join(topic, { presence: { n: 0 } } as never) as unknown as Room<ChannelSpec>
  const recorded = recordRoom(log, room, { who: `${user}#1`, by: user, user, events: ['said' as never] })
  cleanups.push(() => client.close())
  return { user, topic, client, room, recorded }
}

/** Says something now and then until stopped. */
function talk({ recorded, user }: Person, random: SeededRandom): () => Promise<number> {
  let talking = true
  let said = 0
  const sending: Promise<void>[] = []
  const run = async () => {
    while (talking) {
      await pause(random.fraction() * 2 * SAY_MS)
      const value = `${user}-${++said}`
      if (talking) sending.push(recorded.send('say' as never, value as never, value))
    }
  }
  const running = run()
  return async () => {
    talking = false
    await running
    await Promise.all(sending)
    return said
  }
}

/** Breaks a connection in one way or another. */
function harm(log: History, connection: ProxiedConnection, random: SeededRandom, undos: (() => void)[]): void {
  const kind = random.pick(['cut', 'stall', 'halfOpen client', 'halfOpen server', 'halfOpen both'] as const)
  log.add({ kind: 'fault', fault: kind, target: 'a client', effect: connection.whole ? 1 : 0 })
  if (kind === 'cut') connection.cut()
  else if (kind === 'stall') {
    const undo = connection.stall()
    undos.push(undo)
    setTimeout(undo, random.int(100, 6_000))
  } else connection.halfOpen(kind.slice('halfOpen '.length) as 'both')
}

async function harmUntil(end: number, log: History, proxy: FaultProxy, random: SeededRandom): Promise<void> {
  const undos: (() => void)[] = []
  while (performance.now() < end) {
    const whole = proxy.connections().filter((connection) => connection.whole)
    for (let i = 0; i < 3 && whole.length > 0; i++) harm(log, random.pick(whole), random, undos)
    await pause(100)
  }
  for (const undo of undos) undo()
}

const sorted = (members: Members): string =>
  JSON.stringify(Object.entries(members).sort(([a], [b]) => a.localeCompare(b)))

/** Whom a room shows. */
function membersOf({ presence }: Room<ChannelSpec>): string {
  return sorted(
    Object.fromEntries(presence.members().map(({ key, entries }) => [key, entries.map(({ meta }) => meta)])),
  )
}

/** Reads a whole log, page by page. */
async function readAll(log: History, { room, topic }: Person): Promise<void> {
  const messages: (readonly [number, string])[] = []
  let epoch = ''
  for (let more = true; more; ) {
    const before = messages[0]?.[0]
    const page = await room.history({ limit: 100, ...(before !== undefined && { before }) })
    messages.unshift(...page.messages.map((read) => [read.position?.offset ?? 0, String(read.payload)] as const))
    ;({ more, epoch } = page)
  }
  const top = messages.at(-1)?.[0] ?? 0
  log.add({ kind: 'read', topic, epoch, first: messages[0]?.[0] ?? top + 1, top, messages })
}

it('a server killed five times under load loses, doubles and reorders nothing', { timeout: 300_000 }, async () => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000)
  console.log(`SEED=${seed}`)
  const random = seededRandom(seed)
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-continuity-'))
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }))
  const server = new Killable(join(folder, 'log'))
  cleanups.push(() => server.kill())
  await server.start()
  const proxy = await faultProxy({
    target: () => ({ port: server.port }),
    delayMs: 1,
    jitterMs: 5,
    random: random.fork('proxy'),
  })
  cleanups.push(() => proxy.close())

  const start = performance.now()
  const log = history(() => performance.now() - start)
  const people = Array.from({ length: CLIENTS }, (_, i) => arrive(log, proxy, i))
  await Promise.all(people.map(({ room }) => room.joined))
  const talks = people.map((person) => talk(person, random.fork(person.user)))

  for (let i = 0; i < KILLS; i++) {
    const round = performance.now() + 6_000
    const harming = harmUntil(round, log, proxy, random.fork(`round ${i}`))
    await pause(random.int(1_000, 4_000))
    await server.kill()
    log.add({ kind: 'fault', fault: 'kill', target: 'server', effect: 1 })
    await pause(random.int(0, 1_000))
    await server.start()
    await harming
  }

  await Promise.all(talks.map((stop) => stop()))
  await pause(HEALING_MS)
  // A slow machine may have somebody come a little later; who does not come at all is for the checker to name.
  await until(() => people.every(({ room }) => room.state.kind === 'joined'), { deadlineMs: 15_000 }).catch(() => {})
  log.add({ kind: 'quiet' })
  await Promise.all(people.map(({ room }, i) => room.presence.update({ n: i } as never)))
  await Promise.all(
    people.map(({ recorded, user }) => recorded.send('say' as never, `${user}-last` as never, `${user}-last`)),
  )
  const expected = (topic: string): Members =>
    Object.fromEntries(people.flatMap((person, i) => (person.topic === topic ? [[person.user, [{ n: i }]]] : [])))
  // The last words and changes are under way: they are there when every client has them, or never.
  const tops = new Map<string, number>()
  for (const { topic, room } of people) tops.set(topic, Math.max(tops.get(topic) ?? 0, room.position?.offset ?? 0))
  const caughtUp = ({ topic, room }: Person) =>
    room.position?.offset === tops.get(topic) && membersOf(room) === sorted(expected(topic))
  await until(() => people.every(caughtUp), { deadlineMs: 15_000 }).catch(() => {})
  for (const person of people.slice(0, ROOMS)) {
    log.add({ kind: 'expected', topic: person.topic, members: expected(person.topic) })
    await readAll(log, person)
  }
  for (const { recorded } of people) recorded.see()

  const { anomalies, counts } = check(log.records)
  const { gaps, faults, accepting, delivering, ...numbers } = counts
  console.log({ ...numbers, ...faults, gaps: JSON.stringify(gaps), accepting, delivering })
  expect(anomalies.slice(0, 5)).toEqual([])
  // Nothing is proven where nothing happened.
  expect(counts.accepted).toBeGreaterThan(2_000)
  expect(counts.deliveries).toBeGreaterThan(20_000)
  expect(counts.recovered).toBeGreaterThan(CLIENTS)
  expect(Object.keys(faults).sort()).toEqual([
    'cut',
    'halfOpen both',
    'halfOpen client',
    'halfOpen server',
    'kill',
    'stall',
  ])
  expect(faults['kill']).toBe(KILLS)
})
