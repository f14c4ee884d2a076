import type { Load, Meter } from '../machine/meter.ts'
import type { Connection } from './connection.ts'
import type { Crowd } from './crowd.ts'
import { Names, OnlineTable } from './online-table.ts'
import type { TableChange } from './speech/speech.ts'
import { waitFor } from './window.ts'

export interface PresenceStormPlan {
  /** Tables must agree within this time, from the first connect on. */
  readonly timeoutMs: number
}

export interface PresenceStormReport {
  /** From the first connect to when the last table was complete. */
  readonly ms: number
  readonly joinedMs: number
  /** Text frames that all clients together were sent, and their bytes. */
  readonly frames: number
  readonly bytes: number
  readonly load: Load
}

/** Opens a crowd whose members are present in one room, and waits until each knows of each. */
export async function presenceStorm(crowd: Crowd, meter: Meter, plan: PresenceStormPlan): Promise<PresenceStormReport> {
  const names = new Names()
  const tables = new Map<Connection, OnlineTable>()
  const total = crowd.plan.rooms * crowd.plan.perRoom
  let complete = 0
  // A diff is the same bytes for everybody: read it once.
  let lastText = ''
  let lastChange: TableChange | null = null
  const heard = (connection: Connection, text: string): void => {
    if (text !== lastText) {
      lastText = text
      lastChange = crowd.speech.table(text)
    }
    if (!lastChange) return
    let table = tables.get(connection)
    if (!table) {
      table = new OnlineTable(names)
      tables.set(connection, table)
    }
    const wasComplete = table.size === total
    table.apply(lastChange)
    if (wasComplete !== (table.size === total)) complete += wasComplete ? -1 : 1
  }
  meter.begin()
  const startedAt = performance.now()
  const { ms: joinedMs } = await crowd.open({ heard })
  const agreed = await waitFor(() => complete === total, plan.timeoutMs)
  const ms = performance.now() - startedAt
  const load = meter.end()
  if (!agreed) throw new Error(`Only ${complete} of ${total} online tables are complete after ${Math.round(ms)} ms`)
  const sum = (of: (connection: Connection) => number): number =>
    crowd.members.reduce((all, connection) => all + of(connection), 0)
  return { ms, joinedMs, frames: sum((c) => c.otherFrames), bytes: sum((c) => c.otherBytes), load }
}
