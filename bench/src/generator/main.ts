// The load generator's process: drives that the harness asks for, one crowd at a time.
import { answerLines } from '../lines.ts'
import { Meter } from '../machine/meter.ts'
import { type CallsPlan, calls } from './calls.ts'
import { type ChurnPlan, churn } from './churn.ts'
import { Crowd, type CrowdPlan } from './crowd.ts'
import { type FanoutPlan, fanout } from './fanout.ts'
import { type OpenLoopPlan, openLoop } from './open-loop.ts'
import { type PresenceStormPlan, presenceStorm } from './presence-storm.ts'

let crowd: Crowd | null = null
let meter = new Meter(process.pid)

function present(): Crowd {
  if (!crowd) throw new Error('Nobody has connected')
  return crowd
}

function gather(plan: CrowdPlan): Crowd {
  crowd?.close()
  crowd = new Crowd(plan)
  return crowd
}

answerLines({
  watch: ({ pid }: { pid: number }) => {
    meter = new Meter(pid)
  },
  connect: async (plan: CrowdPlan) => {
    meter.begin()
    const report = await gather(plan).open()
    return { ...report, load: meter.end() }
  },
  disconnect: () => {
    crowd?.close()
    crowd = null
  },
  fanout: (plan: FanoutPlan) => fanout(present(), meter, plan),
  openLoop: (plan: OpenLoopPlan) => openLoop(present(), meter, plan),
  calls: (plan: CallsPlan) => calls(present(), meter, plan),
  presenceStorm: (plan: CrowdPlan & PresenceStormPlan) => presenceStorm(gather(plan), meter, plan),
  churn: (plan: ChurnPlan) => churn(plan),
})
