import { fromUtf8, toUtf8 } from '@rollcall/core'
import type { Colleagues } from '../surroundings.ts'
import type { WorkerBroker } from './broker.ts'
import { NOTHING } from './frame.ts'

const METRICS = 'worker-metrics'
const ASK_MS = 1_000

/** The other workers, as a worker with this number asks them. */
export function colleaguesOf(number: number, broker: WorkerBroker, report: (error: unknown) => void): Colleagues {
  return {
    number,
    showMetrics(read) {
      broker.respond(METRICS, async () => toUtf8(await read())).catch(report)
    },
    async metrics() {
      const asked = broker.peers.map((node) => broker.ask(node, METRICS, NOTHING, ASK_MS))
      const settled = await Promise.allSettled(asked)
      return settled.flatMap((each) => (each.status === 'fulfilled' ? (fromUtf8(each.value) ?? []) : []))
    },
  }
}
