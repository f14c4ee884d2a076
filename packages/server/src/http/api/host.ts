import type { Clock } from '@rollcall/core'
import type { Stats } from '../../app.ts'
import type { ConnectionView, ServerChannel } from '../../channel/handlers.ts'

/** What the API does its work with: the server, as its own program has it. */
export interface ApiHost {
  readonly clock: Clock
  readonly messageDepth: number
  channel(topic: string): ServerChannel
  disconnect(who: { readonly user: string }, reason?: string): Promise<number>
  connections(): Iterable<ConnectionView>
  stats(): Stats
  /** Whether new clients are welcome: not while the server is stopping. */
  ready(): boolean
  report(what: string, error: unknown): void
}
