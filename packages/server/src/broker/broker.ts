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
  /** Publishes to the other nodes that subscribe to `subject`. Never waits: what the engine cannot take now is lost. */
  publish(subject: string, bytes: Uint8Array): void
  /** Resolves once messages published from now on, by any node, will arrive. */
  subscribe(subject: string, listener: BrokerListener): Undo | Promise<Undo>
  /** Asks the one node with this id. Rejects with `BrokerTimeout` or, at once where it can be known, `NobodyThere`. */
  ask(node: string, subject: string, bytes: Uint8Array, timeoutMs: number): Promise<Uint8Array>
  /** Answers what others ask this node under `subject`. */
  respond(subject: string, responder: BrokerResponder): Undo | Promise<Undo>
  /** Whether the engine is reachable; `changed` hears of every change. */
  readonly healthy: boolean
  onHealth(changed: (healthy: boolean) => void): Undo
  close(): Promise<void>
}

/** Nobody answered in time; whether the question arrived is unknown. */
export class BrokerTimeout extends Error {
  override readonly name: string = 'BrokerTimeout'
}

/** No such node, or it does not answer this subject. */
export class NobodyThere extends Error {
  override readonly name: string = 'NobodyThere'
}
