import { fromUtf8, toUtf8 } from '@rollcall/core'
import type { Colleagues } from '../surroundings.ts'
import type { WorkerBroker } from './broker.ts'
import { NOTHING } from './frame.ts'
import type { Relay } from './relay.ts'

const METRICS = 'worker-metrics'
const ASK_MS = 1_000

export interface ColleaguesOptions {
  readonly number: number
  readonly broker: WorkerBroker
  /** Null if requests cannot be passed on. */
  readonly relay: Relay | null
  readonly report: (error: unknown) => void
}

/** The other workers, as one of them has to do with them. */
export function colleaguesOf({ number, broker, relay, report }: ColleaguesOptions): Colleagues {
  return {
    number,
    sessionId: (text) => relay?.sessionId(text) ?? text,
    passOn: (session, request, response) => relay?.passOn(session, request, response) ?? false,
    passOnUpgrade: (session, request, socket, head) => relay?.passOnUpgrade(session, request, socket, head) ?? false,
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
