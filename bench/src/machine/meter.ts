import { busySeconds, cpuSeconds, rssBytes } from './proc.ts'

/** How busy everybody was in a window, as shares of one core; NaN where the machine does not tell. */
export interface Load {
  readonly server: number
  readonly generator: number
  /** Everything else on the machine: above some percent, do not trust the figures. */
  readonly others: number
  /** The server's processor time in the window, in seconds. */
  readonly serverSeconds: number
  /** The server's resident bytes at the window's end. */
  readonly rss: number
}

interface Sample {
  readonly at: number
  readonly server: number
  readonly generator: number
  readonly busy: number
}

/** Measures the server's and the own process's processor time between two moments. */
export class Meter {
  readonly #serverPid: number
  #begin: Sample

  constructor(serverPid: number) {
    this.#serverPid = serverPid
    this.#begin = this.#sample()
  }

  begin(): void {
    this.#begin = this.#sample()
  }

  end(): Load {
    const [from, to] = [this.#begin, this.#sample()]
    const seconds = (to.at - from.at) / 1000
    const server = to.server - from.server
    const generator = to.generator - from.generator
    const others = to.busy - from.busy - server - generator
    return {
      server: server / seconds,
      generator: generator / seconds,
      others: Math.max(0, others / seconds),
      serverSeconds: server,
      rss: rssBytes(this.#serverPid),
    }
  }

  #sample(): Sample {
    const { user, system } = process.cpuUsage()
    return {
      at: performance.now(),
      server: cpuSeconds(this.#serverPid),
      generator: (user + system) / 1e6,
      busy: busySeconds(),
    }
  }
}
