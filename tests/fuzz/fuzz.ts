import { type SeededRandom, seededRandom } from '@rollcall/testkit'
import type { Dialect } from 'rollcall'
import { languages } from '../support/languages.ts'
import { usedBytes } from '../support/memory.ts'
import { RawSocket } from '../support/raw-socket.ts'
import { until } from '../support/until.ts'
import { chatServer } from './chat.ts'
import { type Target, targets } from './targets.ts'
import { connection } from './wire.ts'

export interface FuzzOptions {
  /** The same seed gives the same inputs. */
  readonly seed: number
  readonly inputs: number
  /** Hears how it goes on, now and then. */
  readonly progress?: (done: number) => void
}

export interface Report {
  readonly inputs: Readonly<Record<string, number>>
  readonly seconds: number
  /** What must not be, each with the number of its input. */
  readonly faults: readonly string[]
  /** Bytes in use and open sockets after it, less those before. */
  readonly bytes: number
  readonly sockets: number
  /** Languages that are not there. */
  readonly missing: readonly string[]
  /** Of connections: how many were opened, and with which codes the server closed. */
  readonly opened: number
  readonly closes: Readonly<Record<string, number>>
}

/** More of the processor's time than this is a fault, in milliseconds. Other time is the machine's, which has its moods. */
const SLOW_MS = 1_000
const LANES = 16
const MAX_FAULTS = 20

/** Gives inputs to every decoder, one after another. */
export async function fuzzDecoders({ seed, inputs, progress }: FuzzOptions): Promise<Report> {
  const { here, missing } = await languages()
  const all = targets(here, seededRandom(seed).fork('client'))
  const counts: Record<string, number> = Object.fromEntries(all.map(({ name }) => [name, 0]))
  const faults: string[] = []
  const chances = new Map(all.map(({ name }) => [name, seededRandom(seed).fork(name)]))
  let before = 0
  const began = performance.now()
  for (let i = 0; i < inputs && faults.length < MAX_FAULTS; i++) {
    // What is made once, by the first inputs of each kind, is no leak.
    if (i === Math.floor(inputs / 4)) before = await usedBytes()
    const target = all[i % all.length] as Target
    counts[target.name] = (counts[target.name] ?? 0) + 1
    const fault = await feed(target, chances.get(target.name) as SeededRandom)
    if (fault !== null) faults.push(`input ${i} to ${target.name}: ${fault}`)
    if (i % 10_000 === 0) progress?.(i)
  }
  const seconds = (performance.now() - began) / 1000
  const bytes = (await usedBytes()) - before
  return { inputs: counts, seconds, faults, bytes, sockets: 0, missing, opened: 0, closes: {} }
}

async function feed(target: Target, random: SeededRandom): Promise<string | null> {
  const began = process.cpuUsage()
  try {
    const fed = target.feed(random)
    if (fed) await fed
  } catch (error) {
    const { stack, cause } = error as Error
    return `${stack ?? error}${cause === undefined ? '' : `\ncaused by ${(cause as Error)?.stack ?? cause}`}`
  }
  const { user, system } = process.cpuUsage(began)
  const took = (user + system) / 1000
  return took > SLOW_MS ? `took ${took.toFixed(0)} ms` : null
}

/** Gives inputs to a listening server with every language, over sockets. */
export async function fuzzConnections({ seed, inputs, progress }: FuzzOptions): Promise<Report> {
  const { here, missing } = await languages()
  const faults: string[] = []
  const app = chatServer({
    dialects: here.flatMap(({ dialect }) => (dialect ? [dialect as Dialect] : [])),
    origins: ['https://app.example.com'],
    compression: { minBytes: 256 },
    graceMs: 20,
    resumeMs: 50,
    limits: { handshakesPerSecond: 1e9, closeMs: 500, helloMs: 3_000 },
    onError: (what, error) => void faults.push(`${what}: ${(error as Error)?.stack ?? error}`),
  })
  const { port, url } = await app.listen({ port: 0 })
  const counts: Record<string, number> = Object.fromEntries(here.map(({ name }) => [`connections of ${name}`, 0]))
  const socketsBefore = openSockets()
  let begun = 0
  let done = 0
  let opened = 0
  const run = async (until: number) => {
    const lane = async () => {
      while (done < until && faults.length < MAX_FAULTS) {
        const number = begun++
        const language = here[number % here.length]!
        const given = await connection(port, seededRandom(seed).fork(`connection ${number}`), language)
        counts[`connections of ${language.name}`]! += given.inputs
        done += given.inputs
        if (given.opened) opened++
        if (number % 100 === 0) progress?.(done)
      }
    }
    await Promise.all(Array.from({ length: LANES }, lane))
    await idle()
  }
  const idle = async () => {
    const quiet = () => [...app.connections()].length === 0 && app.stats().channels === 0 && app.stats().sessions === 0
    await until(quiet, { what: 'nobody left behind', deadlineMs: 30_000 })
  }
  // What is made once, by the first connections of each kind, is no leak.
  await run(Math.min(inputs / 4, 20_000))
  const bytesBefore = await usedBytes()
  const began = performance.now()
  const doneBefore = done
  await run(inputs)
  const seconds = ((performance.now() - began) / 1000) * (done / Math.max(1, done - doneBefore))
  await until(() => openSockets() <= socketsBefore, { what: 'no socket left behind' }).catch(() => {})
  const sockets = openSockets() - socketsBefore
  const bytes = (await usedBytes()) - bytesBefore
  // It lives: another connection is served.
  const witness = await RawSocket.open(`${url}/rollcall`, {
    headers: { 'sec-websocket-protocol': 'rollcall.v1', origin: 'https://app.example.com' },
  }).catch((error: Error) => void faults.push(`a connection afterwards: ${error.message}`))
  witness?.destroy()
  const { closes } = app.stats()
  await app.close({ timeoutMs: 500 })
  return { inputs: counts, seconds, faults, bytes, sockets, missing, opened, closes }
}

function openSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length
}
