import type { IncomingMessage } from 'node:http'
import type { Clock } from '@rollcall/core'
import type { Stats } from '../../app.ts'
import type { ConnectionView, ServerChannel } from '../../channel/handlers.ts'
import type { Colleagues } from '../../surroundings.ts'

/** The way to other nodes, or to what keeps the messages. */
export type Away = 'broker' | 'log'

/** What the API does its work with: the server, as its own program has it. */
export interface ApiHost {
  readonly clock: Clock
  readonly messageDepth: number
  channel(topic: string): ServerChannel
  disconnect(who: { readonly user: string }, reason?: string): Promise<number>
  revoke(
    who: { readonly user: string } | { readonly session: string },
    options: { readonly reason?: string; readonly forMs?: number },
  ): Promise<number>
  connections(): Iterable<ConnectionView>
  stats(): Stats
  /** Whether the server is not stopping. */
  ready(): boolean
  /** What this node depends on and cannot reach now. */
  away(): readonly Away[]
  /** Those who serve the same app on the same port. */
  readonly colleagues: Colleagues | null
  /** A request was refused for who sent it, or for its speed. */
  refused(
    request: IncomingMessage,
    fields: { readonly status: number; readonly method: string; readonly route: string },
  ): void
  report(what: string, error: unknown): void
}
