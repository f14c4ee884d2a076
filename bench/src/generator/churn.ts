import { Connection, type Target } from './connection.ts'
import { DEAF } from './crowd.ts'
import { speechOf } from './speech/index.ts'
import { elapse } from './window.ts'

export interface ChurnPlan {
  readonly port: number
  readonly speech: string
  readonly prefix: string
  readonly rooms: number
  readonly present: boolean
  /** Connections that come, and that go, each second. */
  readonly perSecond: number
  /** How long each stays. */
  readonly stayMs: number
  readonly forMs: number
}

export interface ChurnReport {
  readonly came: number
  /** Those that were refused, or lost before they left. */
  readonly lost: number
  readonly reason: string | null
}

/** People come and go: every other one leaves politely, the rest are just gone. Ends when all have left. */
export async function churn(plan: ChurnPlan): Promise<ChurnReport> {
  const target: Target = { port: plan.port, speech: speechOf(plan.speech) }
  const endsAt = performance.now() + plan.forMs
  const staying = new Set<Connection>()
  let [came, lost, next] = [0, 0, 0]
  let reason: string | null = null
  const listener = {
    ...DEAF,
    joined: (connection: Connection): void => {
      came++
      const manner = came % 2 === 0 ? 'politely' : 'abruptly'
      setTimeout(() => {
        if (!staying.delete(connection)) return
        connection.listener = DEAF
        connection.end(manner)
      }, plan.stayMs)
    },
    closed: (connection: Connection, why: string): void => {
      if (!staying.delete(connection)) return
      lost++
      reason ??= why
    },
  }
  while (performance.now() < endsAt) {
    for (let i = 0; i < Math.max(1, plan.perSecond / 20); i++) {
      const member = plan.present ? `c${next}` : null
      staying.add(new Connection(target, `${plan.prefix}:${next % plan.rooms}`, member, listener))
      next++
    }
    await elapse(50)
  }
  while (staying.size > 0 && performance.now() < endsAt + plan.stayMs + 10_000) await elapse(20)
  return { came, lost: lost + staying.size, reason }
}
