import { type Client, connect, type Room } from '@rollcall/client'
import type { SpecFor } from '@rollcall/core'
import { check, type History, history, type RecordedRoom, type Report, recordRoom } from '@rollcall/testkit'
import { type Program, root, startProgram } from '../support/program.ts'
import { until } from '../support/until.ts'
import { rooms } from '../support/workers-rooms.ts'

export const APP: string = `${root}tests/support/workers-app.ts`
const COMMAND = `${root}packages/server/dist/cli/main.js`

type Rooms = (typeof rooms)['channels']
type Topic = `room:${string}` | `hall:${string}`

export interface CrewOptions {
  readonly workers?: number
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly app?: string
}

/** A person with one tab, in one room. */
export interface Guest {
  readonly name: string
  readonly client: Client<Rooms>
  readonly room: Room<SpecFor<Rooms, Topic>>
  readonly recorded: RecordedRoom<SpecFor<Rooms, Topic>>
  /** Which process has its connection. */
  where(): Promise<{ readonly worker: string; readonly pid: number }>
}

/** `rollcall serve --workers`, and those who use it. */
export class CrewHouse {
  readonly program: Program
  readonly url: string
  readonly history: History = history(() => performance.now())
  readonly guests: Guest[] = []

  static async open({ workers = 2, args = [], env = {}, app = APP }: CrewOptions = {}): Promise<CrewHouse> {
    const command = [COMMAND, 'serve', app, '--workers', String(workers), '--port', '0', ...args]
    const program = await startProgram(process.execPath, /listening on (http:\S+) with/, { args: command, env })
    return new CrewHouse(program)
  }

  private constructor(program: Program) {
    this.program = program
    this.url = program.ready[1] ?? ''
  }

  enter(topic: Topic, name: string): Guest {
    const client = connect(rooms, this.url, { credentials: { user: name }, backoff: { minMs: 100, maxMs: 1_000 } })
    const room = client.join(topic, { presence: { name } })
    const recorded = recordRoom(this.history, room, { who: `${name} in ${topic}`, user: name, events: ['said'] })
    const guest = { name, client, room, recorded, where: () => room.call('where', null) }
    this.guests.push(guest)
    return guest
  }

  /** Lets people enter until so many are in on each worker. Answers them by worker. */
  async enterSpread(topic: Topic, perWorker: number, workers = 2): Promise<Map<string, Guest[]>> {
    const byWorker = new Map<string, Guest[]>()
    for (let i = 0; i < perWorker * workers; i++) {
      const guest = this.enter(topic, `guest-${topic}-${i}`)
      const { worker } = await guest.where()
      byWorker.set(worker, [...(byWorker.get(worker) ?? []), guest])
    }
    return byWorker
  }

  /** Waits until everybody in a topic sees exactly those who are there. */
  async rosterIsRight(topic: Topic): Promise<void> {
    const there = this.guests.filter(({ room }) => room.topic === topic && room.state.kind !== 'left')
    const names = there.map(({ name }) => name).sort()
    const seen = ({ room }: Guest) =>
      room.presence
        .members()
        .flatMap(({ key, entries }) => entries.map(() => key))
        .sort()
    const right = () => there.every((guest) => JSON.stringify(seen(guest)) === JSON.stringify(names))
    await until(right, { what: `everybody in ${topic} to see everybody` })
  }

  /** Waits until everybody has what was accepted, and judges all that happened. */
  async judge(): Promise<Report> {
    const accepted = (topic: string) =>
      this.history.records.filter((record) => record.kind === 'accepted' && record.topic === topic).length
    for (const { room, name } of this.guests) {
      const end = accepted(room.topic)
      if (!room.topic.startsWith('room:') || room.state.kind === 'left') continue
      await until(() => (room.position?.offset ?? 0) >= end, { what: `${name} to have ${end} messages` })
    }
    return check(this.history.records)
  }

  async close(): Promise<void> {
    await Promise.all(this.guests.map(({ client }) => client.close()))
    await this.program.stop()
  }
}

/** Whether a process is there. */
export function lives(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
