import type { Scenario } from '../contest.ts'
import type { PresenceStormPlan, PresenceStormReport } from '../generator/presence-storm.ts'

export const presence: Scenario = {
  name: 'presence',
  about: 'everybody enters one room and must know of everybody',
  cases: [
    {
      name: 'presence',
      title: 'presence storm: 2,000 connect and join one room',
      value: { name: 'until all agree', unit: 'ms' },
      better: 'less',
      rounds: 'as asked',
      columns: [
        { name: 'joined after', unit: 'ms' },
        { name: 'frames', unit: 'number' },
        { name: 'frames of N²', unit: 'percent' },
        { name: 'bytes each', unit: 'bytes' },
      ],
      systems: ['rollcall', 'socket.io'],
      aims: [
        { kind: 'at most', of: 'rollcall', figure: 'frames of N²', bound: 3 },
        { kind: 'at most', of: 'rollcall', figure: 'until all agree', bound: 3000 },
      ],
      async trial(trial) {
        const members = trial.pick(2000, 200)
        const crowd = trial.crowd({ rooms: 1, perRoom: members, prefix: 'here', present: true, inFlight: 500 })
        const plan: PresenceStormPlan = { timeoutMs: 60_000 }
        const report = await trial.drive<PresenceStormReport>('presenceStorm', { ...crowd, ...plan })
        return {
          value: report.ms,
          figures: {
            'joined after': report.joinedMs,
            frames: report.frames,
            'frames of N²': (100 * report.frames) / members ** 2,
            'bytes each': report.bytes / members,
          },
          load: report.load,
        }
      },
    },
  ],
}
