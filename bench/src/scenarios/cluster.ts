import type { Aim, Case, Measure, Scenario } from '../contest.ts'
import type { Trial } from '../trial.ts'
import { columns, driveFanout } from './fanout.ts'

/** The members of each room are spread over all nodes, so with two of them every second delivery is at the other one. */
function spread(
  name: string,
  title: string,
  systems: readonly string[],
  aims: readonly Aim[],
  run: (trial: Trial) => Promise<Measure>,
): Case {
  return {
    name: `cluster-${name}`,
    title: `several nodes, ${title}`,
    value: { name: 'deliveries', unit: 'per second' },
    better: 'more',
    rounds: 'as asked',
    columns,
    systems,
    aims,
    trial: run,
  }
}

const several = ['rollcall-nats-1', 'rollcall-nats-2', 'rollcall-nats-3', 'socket.io-redis-2', 'socket.io-redis-3']
const aims: readonly Aim[] = [{ kind: 'ratio', of: 'rollcall-nats-2', against: 'socket.io-redis-2', atLeast: 2 }]

export const cluster: Scenario = {
  name: 'cluster',
  about: 'several nodes serve one app; what they meet at, and each further node, is part of the cost',
  cases: [
    spread('busy', 'one room of 1,000, 32 messages outstanding', several, aims, (trial) => {
      const crowd = { rooms: 1, perRoom: trial.pick(1000, 200) }
      return driveFanout(trial, crowd, { outstanding: 32, speakers: 'first' })
    }),
    spread('rooms', '200 rooms of 10, each member talks in turn', several, [], (trial) =>
      driveFanout(trial, { rooms: trial.pick(200, 40), perRoom: 10 }, { outstanding: 1, speakers: 'each' }),
    ),
    spread('history', '200 rooms of 10, each member talks in turn, all kept', several.slice(0, 3), [], (trial) =>
      driveFanout(
        trial,
        { prefix: 'log', rooms: trial.pick(200, 40), perRoom: 10 },
        { outstanding: 1, speakers: 'each' },
      ),
    ),
  ],
}
