import type { Undo } from '@rollcall/core'

/** What a node hears from others. `from` is the id of the node that published. */
export type BrokerListener = (bytes: Uint8Array, from: string) => void

/** What a node is asked by another; its answer goes back. */
export type BrokerResponder = (bytes: Uint8Array, from: string) => Uint8Array | Promise<Uint8Array>

/**
 * Carries bytes between nodes, by interest: only nodes that subscribe to a subject get it. A broker never delivers to the
 * node that publishes. At most once; messages of one node on one subject arrive in order.
 *
 * A subject is any text that `isTopic` accepts with a class in front (`message`, `presence`, `node`): an implementation
 * maps it to whatever its engine allows.
 */
export interface Broker {
  /** This node's id: unique among the nodes, new with each start of the process. */
  readonly node: string
  /**
   * Publishes to the other nodes that subscribe to `subject`. Never waits: what the engine cannot take now is lost.
   * Bytes given to a broker, or got from one, are shared: nobody changes them afterwards.
   * @throws RangeError if the engine can never carry this subject, or this many bytes.
   */
  publish(subject: string, bytes: Uint8Array): void
  /**
   * Resolves once messages published from now on, by any node, will arrive. Rejects only when the broker is closed. What
   * the listener throws is reported and harms nobody. While the engine is away it resolves at once, and takes effect when
   * the engine is back.
   */
  subscribe(subject: string, listener: BrokerListener): Undo | Promise<Undo>
  /**
   * Asks the one node with this id; a node may ask itself. Rejects with `BrokerTimeout`, or with `ResponderFailed`, or, at
   * once where it can be known, with `NobodyThere`.
   */
  ask(node: string, subject: string, bytes: Uint8Array, timeoutMs: number): Promise<Uint8Array>
  /** Answers what is asked of this node under `subject`; one responder a subject. */
  respond(subject: string, responder: BrokerResponder): Undo | Promise<Undo>
  /** Whether the engine is reachable; `changed` hears of every change. */
  readonly healthy: boolean
  onHealth(changed: (healthy: boolean) => void): Undo
  /** Ends every subscription; later publishes go nowhere, later questions reach nobody. Idempotent. */
  close(): Promise<void>
}

/**
 * What a broker may offer besides: a question to whoever provides a service, answered by exactly one of them. A provider on
 * the asking node is preferred.
 */
export interface ServiceBroker extends Broker {
  /** Answers requests for `service`, together with the other providers of it, on this node and on others. */
  provide(service: string, responder: BrokerResponder): Undo | Promise<Undo>
  /** Rejects as `ask` does; `NobodyThere` at once where nobody provides the service. */
  request(service: string, bytes: Uint8Array, timeoutMs: number): Promise<Uint8Array>
}

/** Whether `broker` can carry requests to services. */
export function isServiceBroker(broker: Broker): broker is ServiceBroker {
  return 'provide' in broker && 'request' in broker
}

/** Nobody answered in time; whether the question arrived is unknown. */
export class BrokerTimeout extends Error {
  override readonly name: string = 'BrokerTimeout'
}

/** No such node, or it does not answer this subject. */
export class NobodyThere extends Error {
  override readonly name: string = 'NobodyThere'
}

/** The responder was reached and threw. What it threw stays with it. */
export class ResponderFailed extends Error {
  override readonly name: string = 'ResponderFailed'
}
