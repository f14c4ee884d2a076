import { fork } from 'node:child_process'
import { once } from 'node:events'
import { type Opened, type SystemPlan, stage } from '../systems/stage.ts'
import type { Engine } from './engine.ts'

const ENGINE = 'BENCH_ENGINE'

export interface Nodes {
  /** The name of the engine, for the versions. */
  readonly engine: string
  start(folder: string): Promise<Engine>
  /** Opens one node at the engine of this address; answers its port. */
  open(url: string): Promise<number>
}

/**
 * Puts as many nodes on the stage as there are to be workers, each a process of this same program, and what they meet at. It
 * is the program's last word.
 */
export async function nodes({ engine, start, open }: Nodes): Promise<void> {
  const url = process.env[ENGINE]
  if (url !== undefined) {
    process.on('disconnect', () => process.exit(0))
    process.send?.(await open(url))
    return
  }
  stage(async ({ workers, folder }: SystemPlan): Promise<Opened> => {
    const started = await start(folder)
    const ports = await Promise.all(Array.from({ length: workers }, () => startNode(started.url)))
    const versions = { node: process.versions.node, [engine]: started.version }
    return { port: ports[0] ?? 0, ports, versions }
  })
}

async function startNode(url: string): Promise<number> {
  const child = fork(process.argv[1] ?? '', {
    env: { ...process.env, [ENGINE]: url },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  process.on('exit', () => child.kill('SIGKILL'))
  const failed = once(child, 'exit').then(([code]) => {
    throw new Error(`A node ended with ${code} before it listened`)
  })
  const [port] = (await Promise.race([once(child, 'message'), failed])) as [number]
  failed.catch(() => {})
  return port
}
