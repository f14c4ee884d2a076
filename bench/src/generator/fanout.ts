import type { Meter } from '../machine/meter.ts'
import type { Connection } from './connection.ts'
import type { Crowd } from './crowd.ts'
import { payloadOf } from './payload.ts'
import { type Room, Score } from './room.ts'
import { measure, type WindowPlan, type WindowReport, waitFor } from './window.ts'

export interface FanoutPlan extends WindowPlan {
  /** Messages under way in each room: another is published when all members have the oldest. */
  readonly outstanding: number
  /** Who speaks: always the first member, or each in turn (then one message is under way at a time). */
  readonly speakers: 'first' | 'each'
  readonly payloadBytes: number
}

export interface FanoutReport extends WindowReport {
  /** Header and payload bytes of one delivery. */
  readonly deliveryBytes: number
}

const NOBODY: ReadonlySet<Connection> = new Set()

/** A closed loop: as many messages as the server can take, with a fixed number under way in each room. */
export async function fanout(crowd: Crowd, meter: Meter, plan: FanoutPlan): Promise<FanoutReport> {
  const { outstanding, speakers, payloadBytes } = plan
  if (speakers === 'each' && outstanding !== 1)
    throw new RangeError('With each member speaking in turn, one message is under way')
  const score = new Score()
  const payload = payloadOf(payloadBytes)
  let running = true
  const refill = (room: Room): void => {
    while (running && room.underWay < outstanding) {
      const speaker = room.members[speakers === 'first' ? 0 : room.published % room.members.length] as Connection
      room.publish(speaker, payload, performance.now())
    }
  }
  const ring = 2 ** Math.ceil(Math.log2(outstanding + 1))
  for (const room of crowd.rooms) room.begin(score, ring, NOBODY, refill)
  for (const room of crowd.rooms) refill(room)
  const report = await measure(score, meter, plan)
  running = false
  await drained(crowd, score)
  const { counter, received } = crowd.members[0] as Connection
  const deliveryBytes = received > 0 ? Math.round(counter.countedBytes / received) : 0
  for (const room of crowd.rooms) room.end()
  return { ...report, deliveryBytes }
}

/** Waits for what is under way. @throws if something does not come: a figure with losses is none. */
export async function drained(crowd: Crowd, score: Score): Promise<void> {
  const complete = await waitFor(() => crowd.rooms.every((room) => room.underWay === 0), 30_000)
  if (score.lost.length > 0)
    throw new Error(`${score.lost.length} connections were lost, the first in ${score.lost[0]}`)
  if (complete) return
  const missing = crowd.rooms.reduce((sum, room) => sum + room.underWay, 0)
  throw new Error(`${missing} messages have not reached everybody within 30 s`)
}
