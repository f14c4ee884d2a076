import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePorts } from './ports.ts'

/** Why suites on a real NATS are skipped; null if they run. */
export const missingNats: string | null =
  spawnSync('nats-server', ['--version'], { stdio: 'ignore' }).status === 0
    ? null
    : 'nats-server is not installed (Debian: apt-get install -y nats-server)'
if (missingNats) console.warn(`Skipped: ${missingNats}`)

/** A nats-server with JetStream on a free port, its files in a temporary folder. */
export interface TestNats {
  readonly url: string
  /** Ends it as by `kill -9`, or orderly; resolves when it is gone. */
  kill(signal?: 'SIGKILL' | 'SIGTERM'): Promise<void>
  /** Starts it again on the same port; `old` is what `save` has saved. */
  restart(storage: 'kept' | 'lost' | 'old'): Promise<void>
  /** Saves what is stored. Call it between `kill` and `restart`. */
  save(): void
  /** Stops it in its tracks, and lets it go on. */
  pause(): void
  resume(): void
  /** Ends it and removes its files. */
  dispose(): Promise<void>
}

/** Starts a nats-server. Call `dispose` when done. */
export function startNats(): Promise<TestNats> {
  return start([])
}

/** Starts servers of one cluster. Call `dispose` of each when done. */
export async function startNatsCluster(size: number): Promise<TestNats[]> {
  // They must know one another's ports before any of them runs.
  const routes = await freePorts(size)
  return Promise.all(
    routes.map((port, i) => {
      const others = routes.filter((each) => each !== port).map((each) => `nats://127.0.0.1:${each}`)
      const own = ['--name', `server-${i}`, '--cluster', `nats://127.0.0.1:${port}`]
      return start([...own, '--cluster_name', 'test', '--routes', others.join(',')])
    }),
  )
}

async function start(more: readonly string[]): Promise<TestNats> {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-nats-'))
  const store = join(folder, 'store')
  const saved = join(folder, 'saved')
  let running = await launch(folder, store, -1, more)
  const { url } = running
  const port = Number(new URL(url).port)
  const kill = async (signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL') => {
    const { process, ended } = running
    process.kill('SIGCONT')
    process.kill(signal)
    await ended
  }
  return {
    url,
    kill,
    async restart(storage) {
      if (storage !== 'kept') rmSync(store, { recursive: true, force: true })
      if (storage === 'old') cpSync(saved, store, { recursive: true })
      running = await launch(folder, store, port, more)
    },
    save: () => cpSync(store, saved, { recursive: true }),
    pause: () => void running.process.kill('SIGSTOP'),
    resume: () => void running.process.kill('SIGCONT'),
    async dispose() {
      await kill()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

interface Running {
  readonly url: string
  readonly process: ChildProcess
  readonly ended: Promise<void>
}

async function launch(folder: string, store: string, port: number, more: readonly string[]): Promise<Running> {
  for (const name of readdirSync(folder)) if (name.endsWith('.ports')) rmSync(join(folder, name))
  const args = ['-a', '127.0.0.1', '-p', String(port), '-js', '-sd', store, '--ports_file_dir', folder, ...more]
  const process = spawn('nats-server', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let log = ''
  process.stderr.on('data', (chunk: Buffer) => {
    log = (log + chunk).slice(-4000)
  })
  const ended = new Promise<void>((resolve) => process.once('exit', () => resolve()))
  const deadline = performance.now() + 30_000
  for (;;) {
    const url = readUrl(folder)
    if (url) return { url, process, ended }
    if (process.exitCode !== null || performance.now() > deadline) {
      process.kill('SIGKILL')
      throw new Error(`nats-server did not start: ${log}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

function readUrl(folder: string): string | undefined {
  const name = readdirSync(folder).find((each) => each.endsWith('.ports'))
  if (!name) return undefined
  try {
    return JSON.parse(readFileSync(join(folder, name), 'utf8')).nats?.[0]
  } catch {
    // Not written to its end yet.
    return undefined
  }
}
