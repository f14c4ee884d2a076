import type { Aim, Scenario } from '../contest.ts'
import { columns, driveFanout } from './fanout.ts'

function kept(of: string): Aim {
  return { kind: 'ratio', of, against: 'rollcall', atLeast: 0.8 }
}

export const history: Scenario = {
  name: 'history',
  about: 'the busy room again, every message kept and given a position',
  cases: [
    {
      name: 'history',
      title: 'history on: 1,000 subscribers, 32 messages outstanding',
      value: { name: 'deliveries', unit: 'per second' },
      better: 'more',
      rounds: 'as asked',
      columns,
      systems: ['rollcall', 'rollcall-memory', 'rollcall-lmdb'],
      aims: [kept('rollcall-memory'), kept('rollcall-lmdb')],
      trial(trial) {
        const prefix = trial.system.name === 'rollcall' ? 'room' : 'log'
        const crowd = { prefix, rooms: 1, perRoom: trial.pick(1000, 250) }
        return driveFanout(trial, crowd, { outstanding: 32, speakers: 'first' })
      },
    },
  ],
}
