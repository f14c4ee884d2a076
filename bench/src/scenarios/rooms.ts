import type { Scenario } from '../contest.ts'
import { columns, driveFanout } from './fanout.ts'

export const rooms: Scenario = {
  name: 'rooms',
  about: 'many small rooms in which everybody talks',
  cases: [
    {
      name: 'rooms',
      title: 'many rooms: 800 rooms of 10, each member talks in turn',
      value: { name: 'deliveries', unit: 'per second' },
      better: 'more',
      rounds: 'as asked',
      columns,
      systems: ['rollcall', 'socket.io', 'ws', 'ws-once', 'bun'],
      aims: [{ kind: 'ratio', of: 'rollcall', against: 'socket.io', atLeast: 2 }],
      trial: (trial) =>
        driveFanout(trial, { rooms: trial.pick(800, 40), perRoom: 10 }, { outstanding: 1, speakers: 'each' }),
    },
  ],
}
