import { Histogram, type HistogramJson } from '../stats/histogram.ts'
import { Connection, type Listener, type Target } from './connection.ts'
import { Room } from './room.ts'
import { speechOf } from './speech/index.ts'
import type { Speech } from './speech/speech.ts'

export interface CrowdPlan {
  /** Of the nodes: the members of a room go to one after the other. */
  readonly ports: readonly number[]
  readonly speech: string
  /** Rooms `prefix:first` and following, of `perRoom` members each. */
  readonly prefix: string
  readonly first: number
  readonly rooms: number
  readonly perRoom: number
  /** Whether members have a name to be present by. */
  readonly present: boolean
  /** Handshakes under way at a time: a bound that stays below every listen backlog, unless a storm is wanted. */
  readonly inFlight: number
  readonly timeoutMs: number
}

export interface CrowdReport {
  readonly joined: number
  readonly ms: number
  /** From the start of a connection to its join, in microseconds. */
  readonly latency: HistogramJson
}

/** Connections that have joined rooms. */
export class Crowd {
  readonly plan: CrowdPlan
  readonly speech: Speech
  readonly rooms: Room[]
  readonly members: Connection[] = []
  readonly #targets: readonly Target[]
  #beat: NodeJS.Timeout | null = null

  constructor(plan: CrowdPlan) {
    this.plan = plan
    this.speech = speechOf(plan.speech)
    this.#targets = plan.ports.map((port) => ({ port, speech: this.speech }))
    this.rooms = Array.from({ length: plan.rooms }, (_, i) => new Room(`${plan.prefix}:${plan.first + i}`, this.speech))
  }

  /**
   * Connects everybody, some at a time. Rejects if one is refused or lost, or the time is up. `listener` hears what every
   * connection hears meanwhile.
   */
  open(listener?: Pick<Listener, 'heard'>): Promise<CrowdReport> {
    const { perRoom, inFlight, timeoutMs, present } = this.plan
    const total = this.rooms.length * perRoom
    const latency = new Histogram()
    const startedAt = performance.now()
    let [started, joined] = [0, 0]
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new Error(`Only ${joined} of ${total} have joined within ${timeoutMs} ms`))
      }, timeoutMs)
      const start = (): void => {
        // Room after room gets its first member, then its second: rooms fill evenly, as they would in life.
        const at = started % this.rooms.length
        const room = this.rooms[at] as Room
        // The first member of one room is not at the node of the next one's.
        const target = this.#targets[(at + room.members.length) % this.#targets.length] as Target
        const member = present ? `m${started}` : null
        started++
        const connection = new Connection(target, room.topic, member, opening)
        room.members.push(connection)
        this.members.push(connection)
      }
      const opening: Listener = {
        joined: (connection) => {
          latency.record((performance.now() - connection.startedAt) * 1000)
          joined++
          if (started < total) start()
          if (joined < total) return
          clearTimeout(timer)
          resolve({ joined, ms: performance.now() - startedAt, latency: latency.toJSON() })
        },
        heard: (connection, text) => listener?.heard(connection, text),
        counted: () => undefined,
        closed: (_connection, reason) => {
          clearTimeout(timer)
          reject(new Error(`After ${joined} joins of ${total}, one was lost: ${reason}`))
        },
      }
      while (started < Math.min(total, inFlight)) start()
      this.#keepBeating()
    })
  }

  #keepBeating(): void {
    const { beat } = this.speech
    if (beat === null) return
    this.#beat = setInterval(() => {
      for (const member of this.members) if (member.isJoined) member.say(beat)
    }, 25_000)
  }

  close(): void {
    if (this.#beat) clearInterval(this.#beat)
    for (const member of this.members) {
      member.listener = DEAF
      member.end('politely')
    }
    this.members.length = 0
    this.rooms.length = 0
  }
}

/** Listens to nothing. */
export const DEAF: Listener = {
  joined: () => undefined,
  counted: () => undefined,
  heard: () => undefined,
  closed: () => undefined,
}
