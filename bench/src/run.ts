import { resolve } from 'node:path'
import { isOwn, systemOf } from './catalogue.ts'
import type { Case, Entry, Measure } from './contest.ts'
import { type Provided, provide } from './provide.ts'
import { type Scale, Trial } from './trial.ts'

export interface RunPlan {
  /** The folder of the benchmark, bundled. */
  readonly bench: string
  readonly rounds: number
  readonly scale: Scale
  readonly profile: string | null
  readonly install: 'when-missing' | 'if-there'
  /** Hears of each trial before it begins. */
  readonly onTrial: (round: number, title: string) => void
}

/** Measures systems in one case, in turn, so that whatever the machine goes through meets all of them. */
export async function runCase(of: Case, names: readonly string[], plan: RunPlan): Promise<Entry[]> {
  const contenders = names.map((name) => new Contender(of, name, plan))
  const rounds = roundsOf(of, plan.rounds)
  for (let round = 1; round <= rounds; round++) for (const contender of contenders) await contender.round(round)
  return contenders.map((contender) => contender.entry)
}

/** How often a case is repeated when so many rounds are asked for. */
export function roundsOf(of: Case, asked: number): number {
  return of.rounds === 'one' ? 1 : asked
}

class Contender {
  readonly #case: Case
  readonly #plan: RunPlan
  readonly #name: string
  readonly #provided: Provided
  readonly #measures: Measure[] = []
  #failure: string | null = null
  #versions: Readonly<Record<string, string>> = {}

  constructor(of: Case, name: string, plan: RunPlan) {
    this.#case = of
    this.#name = name
    this.#plan = plan
    this.#provided = provide(plan.bench, systemOf(name), plan.install)
    if (!this.#provided.ready) this.#failure = this.#provided.reason
  }

  get entry(): Entry {
    const [system, versions, failure] = [this.#name, this.#versions, this.#failure]
    return { system, versions, failure, measures: failure === null ? this.#measures : [] }
  }

  async round(round: number): Promise<void> {
    if (this.#failure !== null || !this.#provided.ready) return
    const system = systemOf(this.#name)
    const { bench, scale } = this.#plan
    const { command } = this.#provided
    const args = [...this.#profiling(round), ...this.#provided.args]
    this.#plan.onTrial(round, system.title)
    try {
      const measure = await Trial.run({ bench, system, command, args, scale }, async (trial) => {
        const result = await this.#case.trial(trial)
        this.#versions = trial.versions
        return result
      })
      this.#measures.push(measure)
    } catch (error) {
      this.#failure = error instanceof Error ? error.message : String(error)
    }
  }

  #profiling(round: number): readonly string[] {
    const { profile } = this.#plan
    if (profile === null || !isOwn(this.#name)) return []
    const name = `${this.#case.name}-${this.#name}-${round}.cpuprofile`
    return ['--cpu-prof', `--cpu-prof-dir=${resolve(profile)}`, `--cpu-prof-name=${name}`]
  }
}
