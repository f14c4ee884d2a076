import type { Clock } from '@rollcall/core'
import { Bucket } from '../hub/bucket.ts'
import { isLoopback, networkOf } from './address.ts'

const MAX_NETWORKS = 10_000
// So many handshakes an offence is worth.
const OFFENCE = 60

/**
 * How often each address may come, this machine's own excepted. Who was closed for what it did, and comes again at once to
 * do it again, runs out of handshakes soon.
 */
export class Arrivals {
  readonly #clock: Clock
  readonly #perSecond: number
  readonly #burst: number
  readonly #networks = new Map<string, Bucket>()

  constructor(clock: Clock, perSecond: number, burst: number) {
    this.#clock = clock
    this.#perSecond = perSecond
    this.#burst = burst
  }

  /** Whether an address may come now: 0, or in how many milliseconds. */
  take(address: string): number {
    return isLoopback(address) ? 0 : this.#bucketOf(address).take(this.#clock.now())
  }

  /** A connection of the address was closed for breaking a rule or a limit. */
  offended(address: string): void {
    if (!isLoopback(address)) this.#bucketOf(address).charge(OFFENCE)
  }

  #bucketOf(address: string): Bucket {
    const network = networkOf(address)
    let bucket = this.#networks.get(network)
    if (!bucket) {
      bucket = new Bucket(this.#perSecond, this.#burst, this.#clock.now())
      // The one seen first is forgotten first: bounded, whoever comes.
      if (this.#networks.size >= MAX_NETWORKS)
        for (const oldest of this.#networks.keys()) {
          this.#networks.delete(oldest)
          break
        }
      this.#networks.set(network, bucket)
    }
    return bucket
  }
}
