import type { Clock } from '@rollcall/core'
import { Bucket } from '../hub/bucket.ts'
import { Buckets } from '../hub/buckets.ts'
import { isLoopback, networkOf } from './address.ts'

// So many handshakes an offence is worth.
const OFFENCE = 60

/**
 * How often each address may come, this machine's own excepted. Who was closed for what it did, and comes again at once to
 * do it again, runs out of handshakes soon.
 */
export class Arrivals {
  readonly #clock: Clock
  readonly #networks: Buckets

  constructor(clock: Clock, perSecond: number, burst: number) {
    this.#clock = clock
    this.#networks = new Buckets((now) => new Bucket(perSecond, burst, now))
  }

  /** Whether an address may come now: 0, or in how many milliseconds. */
  take(address: string): number {
    return isLoopback(address) ? 0 : this.#networks.of(networkOf(address), this.#clock.now()).take(this.#clock.now())
  }

  /** A connection of the address was closed for breaking a rule or a limit. */
  offended(address: string): void {
    if (!isLoopback(address)) this.#networks.of(networkOf(address), this.#clock.now()).charge(OFFENCE)
  }
}
