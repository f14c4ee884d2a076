import type { Aim, Case, Measure, Scenario } from '../contest.ts'
import type { Trial } from '../trial.ts'
import { columns, driveFanout } from './fanout.ts'

const aims: readonly Aim[] = [{ kind: 'ratio', of: 'rollcall-2', against: 'rollcall-1', atLeast: 1.7 }]

/**
 * What a server could do with as many cores to itself as it has workers: that a generator shares them, as it must on a
 * machine with two, does not count. Bounds are the busiest process, and the sum of all, the primary included.
 */
function capacityOf(measure: Measure, workers: number): Measure {
  const { value, perCore = Number.NaN, figures, load } = measure
  const deliveries = perCore * load.serverSeconds
  const capacity = deliveries / Math.max(load.busiestSeconds, load.serverSeconds / workers)
  const busiest = (100 * load.busiestSeconds) / load.serverSeconds
  return { ...measure, value: capacity, perCore: capacity, figures: { ...figures, measured: value, busiest } }
}

function scaling(name: string, title: string, run: (trial: Trial) => Promise<Measure>): Case {
  return {
    name: `workers-${name}`,
    title: `one and several workers, ${title}`,
    value: { name: 'capacity', unit: 'per second' },
    better: 'more',
    rounds: 'as asked',
    columns: [{ name: 'measured', unit: 'per second' }, { name: 'busiest', unit: 'percent' }, ...columns],
    systems: ['rollcall', 'rollcall-1', 'rollcall-2'],
    aims,
    trial: async (trial) => capacityOf(await run(trial), Math.max(1, trial.system.workers)),
  }
}

function busyRoom(trial: Trial, prefix: string): Promise<Measure> {
  const crowd = { prefix, rooms: 1, perRoom: trial.pick(1000, 250) }
  return driveFanout(trial, crowd, { outstanding: 128, speakers: 'first' })
}

export const workers: Scenario = {
  name: 'workers',
  about: 'several processes serve one app: what it can do with as many cores as there are workers',
  cases: [
    scaling('busy', '1,000 subscribers, 128 messages outstanding', (trial) => busyRoom(trial, 'room')),
    scaling('spread', '20 rooms of 100, 32 messages outstanding in each for each worker', (trial) =>
      driveFanout(
        trial,
        { rooms: trial.pick(20, 4), perRoom: trial.pick(100, 50) },
        { outstanding: 32 * Math.max(1, trial.system.workers), speakers: 'first' },
      ),
    ),
    scaling('history', '1,000 subscribers, 128 messages outstanding, all kept', (trial) => busyRoom(trial, 'log')),
    scaling('rooms', '800 rooms of 10, each member talks in turn', (trial) =>
      driveFanout(trial, { rooms: trial.pick(800, 40), perRoom: 10 }, { outstanding: 1, speakers: 'each' }),
    ),
  ],
}
