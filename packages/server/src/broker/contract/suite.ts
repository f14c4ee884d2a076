import type { Undo } from '@rollcall/core'
import type { Broker, BrokerResponder } from '../broker.ts'
import { isServiceBroker, type ServiceBroker } from '../broker.ts'

/** Nodes that can reach one another, made for one case. */
export interface BrokerFixture {
  /** The broker of a new node. */
  broker(node: string): Broker | Promise<Broker>
  /** Called after each case, the brokers closed. */
  dispose?(): void | Promise<void>
}

export interface BrokerTraits {
  /** Whether it is a `ServiceBroker`; if not, the cases of services are skipped. Default true. */
  readonly services?: boolean
  /** The largest message and answer that it carries. Default 1,048,576 bytes. */
  readonly maxBytes?: number
}

/** What the suite needs of a test runner: vitest and Jest have it under these names. */
export interface BrokerTestRunner {
  readonly describe: (name: string, body: () => void) => unknown
  readonly it: ((name: string, body: () => Promise<void>) => unknown) & {
    readonly skip: (name: string, body: () => Promise<void>) => unknown
  }
  readonly expect: (actual: unknown) => {
    toBe(expected: unknown): unknown
    toEqual(expected: unknown): unknown
  }
}

/** Makes what the nodes of one case share. */
export type MakeBrokers = () => BrokerFixture | Promise<BrokerFixture>

/** Three nodes, with words for what the cases do most. */
interface Nodes {
  readonly a: Broker
  readonly b: Broker
  readonly c: Broker
}

export interface Suite {
  readonly describe: (group: string, body: () => void) => void
  /** A case on the fresh nodes `node-a`, `node-b` and `node-c`, closed afterwards; skipped unless `when`. */
  readonly withNodes: (fact: string, body: (nodes: Nodes) => Promise<void>, when?: boolean) => void
  readonly expect: BrokerTestRunner['expect']
  readonly services: boolean
  readonly sizes: readonly number[]
}

export function suiteOf(name: string, make: MakeBrokers, runner: BrokerTestRunner, traits: BrokerTraits): Suite {
  const maxBytes = traits.maxBytes ?? 1_048_576
  return {
    describe: (group, body) => {
      runner.describe(`${name}: ${group}`, body)
    },
    withNodes: (fact, body, when = true) => {
      const test = when ? runner.it : runner.it.skip
      test(fact, async () => {
        const fixture = await make()
        const opened: Broker[] = []
        try {
          for (const id of ['node-a', 'node-b', 'node-c']) opened.push(await fixture.broker(id))
          const [a, b, c] = opened
          if (a && b && c) await body({ a, b, c })
        } finally {
          for (const broker of opened) await broker.close()
          await fixture.dispose?.()
        }
      })
    },
    expect: runner.expect,
    services: traits.services ?? true,
    sizes: [0, 1, 125, 126, 65_535, 65_536, 1_000_000, 1_048_576].filter((size) => size <= maxBytes),
  }
}

export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
export const bytesOf = (content: string): Uint8Array => new TextEncoder().encode(content)
/** Every byte value, in no order that a text encoding would keep. */
export const noise = (size: number): Uint8Array =>
  Uint8Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8)) & 255)
export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.byteLength === b.byteLength && a.every((byte, i) => byte === b[i])

/** What arrives at a node on a subject, as `from: text`. */
export async function inbox(
  broker: Broker,
  subject: string,
): Promise<{ readonly heard: string[]; readonly undo: Undo }> {
  const heard: string[] = []
  const undo = await broker.subscribe(subject, (bytes, from) => heard.push(`${from}: ${textOf(bytes)}`))
  return { heard, undo }
}

let fences = 0

/** Resolves once all that `from` has published before has had its chance to arrive at `to`. */
export async function fence(from: Broker, to: Broker): Promise<void> {
  const subject = `fence ${fences++}`
  let passed = () => {}
  const passing = new Promise<void>((resolve) => {
    passed = resolve
  })
  const undo = await to.subscribe(subject, passed)
  from.publish(subject, new Uint8Array(1))
  await passing
  undo()
}

/** Resolves once `condition` holds; rejects after five seconds. */
export async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 5000
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`Waited 5 s in vain for: ${condition}`)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

/** The name of the error that `call` throws or rejects with; else its answer. */
export async function failureOf(call: () => unknown): Promise<unknown> {
  try {
    return await call()
  } catch (error) {
    return error instanceof Error ? error.name : error
  }
}

/** The two ways to ask: a node, or whoever provides a service. */
export interface Asking {
  serve(broker: Broker, subject: string, responder: BrokerResponder): Undo | Promise<Undo>
  ask(from: Broker, node: string, subject: string, bytes: Uint8Array, timeoutMs: number): Promise<Uint8Array>
}

export function services(broker: Broker): ServiceBroker {
  if (!isServiceBroker(broker)) throw new TypeError('Not a ServiceBroker: pass the trait `services: false`')
  return broker
}
