import type { Case, Scenario } from '../contest.ts'
import type { OpenLoopPlan, OpenLoopReport } from '../generator/open-loop.ts'
import type { Load } from '../machine/meter.ts'
import { Histogram } from '../stats/histogram.ts'
import { seekHalfLoad } from './half-load.ts'

const attacks = {
  pings: 'pings as fast as they go',
  joins: 'joins and leaves of ever new rooms',
  stubborn: 'the same, on and on after it was told to go',
  presence: 'presence updates in the room of others',
  json: 'JSON of 64 KiB that is slow to read',
  fragments: 'messages in a thousand empty fragments',
  trickle: 'a message that never ends',
  deaf: '128 rooms joined, nothing read',
  handshakes: 'handshakes and nothing else',
} as const

/** What all windows of one kind have shown together. */
class Pool {
  readonly latency: Histogram = new Histogram()
  #serverSeconds = 0
  #ms = 0
  #overruns = 0

  add({ latency, load, ms, overruns }: OpenLoopReport): void {
    this.latency.add(Histogram.from(latency))
    this.#serverSeconds += load.serverSeconds
    this.#ms += ms
    this.#overruns += overruns
  }

  get p99(): number {
    if (this.#overruns > 0) throw new Error('The server did not keep up')
    return this.latency.quantile(0.99) / 1000
  }

  /** Percent of the server's core. */
  get busy(): number {
    return (100_000 * this.#serverSeconds) / this.#ms
  }
}

function hostileCase(attack: keyof typeof attacks): Case {
  const [rooms, members] = [400, 20]
  return {
    name: `hostile-${attack}`,
    title: `one hostile client: ${attacks[attack]}; 8,000 others in ${rooms} rooms, the core half busy`,
    value: { name: "others' p99, times", unit: 'ratio' },
    better: 'less',
    rounds: 'as asked',
    columns: [
      { name: 'p99 without', unit: 'ms' },
      { name: 'p99 with', unit: 'ms' },
      { name: 'core without', unit: 'percent' },
      { name: 'core with', unit: 'percent' },
      { name: 'came', unit: 'number' },
    ],
    systems: ['rollcall-guarded'],
    aims: [{ kind: 'at most', of: 'rollcall-guarded', figure: "others' p99, times", bound: 1.2 }],
    async trial(trial) {
      const perRoom = trial.pick(members, 5)
      await trial.connect({ rooms, perRoom, prefix: 'here', present: true })
      const rate = await seekHalfLoad(trial, trial.pick(5_000, 1_000))
      const plan: OpenLoopPlan = { ...trial.window, rate, payloadBytes: 128, stalledShare: 0 }
      const measure = () => trial.drive<OpenLoopReport>('openLoop', plan)
      const [calm, stormy] = [new Pool(), new Pool()]
      let came = 0
      // By turns, so that what the machine goes through meets both. What the hostile client's own pains cost, in processor
      // time and memory traffic beside the generator, is no cost of the attack: meanwhile it is hostile to somebody else.
      const both = async (): Promise<Load> => {
        calm.add((await trial.underAttack('elsewhere', 'here:0', measure))[0])
        const [report, times] = await trial.underAttack(attack, 'here:0', measure)
        stormy.add(report)
        came += times
        return report.load
      }
      for (let turn = 1; turn < trial.pick(4, 1); turn++) await both()
      const load = await both()
      const [without, having] = [calm.p99, stormy.p99]
      return {
        value: having / without,
        figures: {
          'p99 without': without,
          'p99 with': having,
          'core without': calm.busy,
          'core with': stormy.busy,
          came,
        },
        load,
        latency: stormy.latency.toJSON(),
      }
    },
  }
}

export const hostile: Scenario = {
  name: 'hostile',
  about: 'one client attacks: do the others feel it?',
  cases: (Object.keys(attacks) as (keyof typeof attacks)[]).map(hostileCase),
}
