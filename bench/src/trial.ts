import { mkdtempSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { System } from './catalogue.ts'
import type { CrowdPlan, CrowdReport } from './generator/crowd.ts'
import type { WindowPlan } from './generator/window.ts'
import { Hostile } from './hostile.ts'
import type { Load } from './machine/meter.ts'
import { Program } from './program.ts'
import type { Opened, SystemPlan, SystemUsage } from './systems/stage.ts'

/** How large and how long. */
export interface Scale {
  readonly size: 'full' | 'quick'
  readonly seconds: number
  /** How long a soak takes. */
  readonly soakSeconds: number
}

export interface TrialPlan {
  readonly bench: string
  readonly system: System
  readonly command: string
  readonly args: readonly string[]
  readonly scale: Scale
}

/** The first cores are the server's, the next one is the generator's, or the last where there are too few. */
function coresOf(system: System): { readonly server: string; readonly generator: string } {
  const last = availableParallelism() - 1
  const server = Math.max(1, system.workers)
  const cores = Array.from({ length: Math.min(server, last + 1) }, (_, i) => i)
  return { server: cores.join(','), generator: String(Math.min(server, last)) }
}

/** One system, freshly started on a core for each of its workers, and load generators on another. */
export class Trial {
  readonly system: System
  readonly scale: Scale
  readonly server: Program
  readonly #bench: string
  readonly #generators: Program[] = []
  readonly #folder: string
  #ports: readonly number[] = []
  versions: Readonly<Record<string, string>> = {}

  private constructor({ bench, system, command, args, scale }: TrialPlan) {
    this.#bench = bench
    this.system = system
    this.scale = scale
    this.#folder = mkdtempSync(join(tmpdir(), 'rollcall-bench-'))
    this.server = Program.start({ name: system.title, command, args, cores: coresOf(system).server })
  }

  /** Starts the system, lets `use` measure, and ends everything, whatever happens. */
  static async run<T>(plan: TrialPlan, use: (trial: Trial) => Promise<T>): Promise<T> {
    const trial = new Trial(plan)
    try {
      const { history, workers } = plan.system
      const given: SystemPlan = { history, workers, folder: trial.#folder }
      const { port, ports = [port], versions } = await trial.server.ask<Opened>('open', given)
      trial.#ports = ports
      trial.versions = versions
      return await use(trial)
    } finally {
      await Promise.all([trial.server, ...trial.#generators].map((program) => program.stop()))
      rmSync(trial.#folder, { recursive: true, force: true })
    }
  }

  /** A size, by what was asked for. */
  pick(full: number, quick: number): number {
    return this.scale.size === 'full' ? full : quick
  }

  get window(): WindowPlan {
    const measureMs = this.scale.seconds * 1000
    return { warmupMs: Math.min(2000, measureMs / 2), measureMs }
  }

  /** The generator of this number; another process each. */
  async generator(number: number = 0): Promise<Program> {
    const known = this.#generators[number]
    if (known) return known
    const args = [join(this.#bench, 'dist/generator/main.js')]
    const cores = coresOf(this.system).generator
    const program = Program.start({ name: 'The generator', command: process.execPath, args, cores })
    this.#generators[number] = program
    await program.ask('watch', { pid: this.server.pid })
    return program
  }

  /** A crowd as most cases want it: handshakes bounded, nobody present by name. */
  crowd(plan: Partial<CrowdPlan> & Pick<CrowdPlan, 'rooms' | 'perRoom'>): CrowdPlan {
    const { speech } = this.system
    const common = { prefix: 'room', first: 0, present: false, inFlight: 256, timeoutMs: 60_000 }
    return { ports: this.#ports, speech, ...common, ...plan }
  }

  async connect(
    plan: Partial<CrowdPlan> & Pick<CrowdPlan, 'rooms' | 'perRoom'>,
    generator: number = 0,
  ): Promise<CrowdReport & { readonly load: Load }> {
    return (await this.generator(generator)).ask('connect', this.crowd(plan))
  }

  async drive<T>(what: string, plan: object): Promise<T> {
    return (await this.generator()).ask(what, plan)
  }

  /** Lets one client attack while something is measured; how often it came. */
  async underAttack<T>(attack: string, topic: string, use: () => Promise<T>): Promise<readonly [T, number]> {
    const program = join(this.#bench, 'dist/hostile.js')
    const url = `ws://127.0.0.1:${this.#ports[0]}`
    const cores = coresOf(this.system).generator
    const hostile = await Hostile.start({ program, attack, url, topic, cores })
    try {
      const result = await use()
      return [result, await hostile.stop()]
    } finally {
      await hostile.stop()
    }
  }

  usage(): Promise<SystemUsage> {
    return this.server.ask('usage')
  }

  /** Lets the system collect its garbage, twice, as finalizers may leave some for a second time. */
  async collect(): Promise<void> {
    await this.server.ask('collect')
    await this.server.ask('collect')
  }
}
