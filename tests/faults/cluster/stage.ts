import { type FaultProxy, faultProxy } from '@rollcall/testkit'
import { startNats, type TestNats } from '../../support/nats.ts'
import { type Program, startProgram } from '../../support/program.ts'
import { until } from '../../support/until.ts'
import { bundled } from './bundle.ts'

const TOKEN = 'of-the-backend'

export interface StageOptions {
  readonly nodes?: number
  /** How much longer each way between a node and NATS takes, in milliseconds. */
  readonly natsDelayMs?: number
}

/** A node: a process, and its way to NATS. */
export interface StageNode {
  readonly name: string
  readonly way: FaultProxy
  program: Program
  port: number
  /** Whether the balancer sends anybody to it. */
  inService: boolean
}

/** A NATS, nodes on it, and a balancer in front of them that sends each connection to the next node. */
export class Stage {
  readonly nats: TestNats
  readonly nodes: readonly StageNode[]
  readonly balancer: FaultProxy
  readonly #script: string

  private constructor(nats: TestNats, nodes: readonly StageNode[], balancer: FaultProxy, script: string) {
    this.nats = nats
    this.nodes = nodes
    this.balancer = balancer
    this.#script = script
  }

  static async open({ nodes: count = 3, natsDelayMs = 0 }: StageOptions = {}): Promise<Stage> {
    const script = await bundled('node')
    const nats = await startNats()
    const natsPort = Number(new URL(nats.url).port)
    const nodes = await Promise.all(
      Array.from({ length: count }, async (_, i): Promise<StageNode> => {
        const way = await faultProxy({ target: () => ({ port: natsPort }), delayMs: natsDelayMs })
        const started = await startNode(script, way)
        return { name: `node-${i + 1}`, way, inService: true, ...started }
      }),
    )
    let turn = 0
    const balancer = await faultProxy({
      target: () => {
        const inService = nodes.filter((node) => node.inService)
        return { port: (inService[turn++ % inService.length] ?? nodes[0])?.port ?? 0 }
      },
    })
    return new Stage(nats, nodes, balancer, script)
  }

  get url(): string {
    return `http://127.0.0.1:${this.balancer.port}`
  }

  node(i: number): StageNode {
    const node = this.nodes[i]
    if (!node) throw new RangeError(`There is no node ${i}`)
    return node
  }

  /** Ends a node as `kill -9` does. */
  async kill(node: StageNode): Promise<void> {
    node.inService = false
    await node.program.stop('SIGKILL')
  }

  /** Ends a node in good order; the balancer has looked at its health. */
  async stop(node: StageNode): Promise<void> {
    const stopping = node.program.stop('SIGTERM')
    await until(async () => (await this.health(node)) !== 200, { what: 'the node to say that it stops' })
    node.inService = false
    const { code } = await stopping
    if (code !== 0) throw new Error(`${node.name} ended with ${code}: ${node.program.output()}`)
  }

  async restart(node: StageNode): Promise<void> {
    Object.assign(node, await startNode(this.#script, node.way))
    node.inService = true
  }

  /** The status of a node's health; 0 if it does not answer. */
  async health({ port }: StageNode): Promise<number> {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/health`, { signal: AbortSignal.timeout(2_000) }).catch(
      () => null,
    )
    return answer?.status ?? 0
  }

  /** Waits until a node says that it is well. */
  async healthy(node: StageNode, deadlineMs: number): Promise<void> {
    await until(async () => (await this.health(node)) === 200, { deadlineMs, what: `${node.name} to be healthy` })
  }

  /** Asks a node's HTTP API. */
  async api(node: StageNode, method: string, path: string, body?: object): Promise<Record<string, unknown>> {
    const answer = await fetch(`http://127.0.0.1:${node.port}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      signal: AbortSignal.timeout(10_000),
      ...(body && { body: JSON.stringify(body) }),
    })
    return { status: answer.status, ...((await answer.json()) as object) }
  }

  async close(): Promise<void> {
    await Promise.all(
      this.nodes.map(async ({ program, way }) => {
        program.child.kill('SIGCONT')
        await program.stop('SIGKILL')
        await way.close()
      }),
    )
    await this.balancer.close()
    await this.nats.dispose()
  }
}

async function startNode(script: string, way: FaultProxy): Promise<Pick<StageNode, 'program' | 'port'>> {
  const env = { NATS: `nats://127.0.0.1:${way.port}`, API_TOKEN: TOKEN, NODE_OPTIONS: '--enable-source-maps' }
  const program = await startProgram(process.execPath, /listening on (\d+) as /, { args: [script], env })
  return { program, port: Number(program.ready[1]) }
}
