import { busySeconds, cpuSeconds, familyOf, rssBytes } from './proc.ts'

/** How busy everybody was in a window, as shares of one core; NaN where the machine does not tell. */
export interface Load {
  readonly server: number
  readonly generator: number
  /** Everything else on the machine: above some percent, do not trust the figures. */
  readonly others: number
  /** The processor time in the window of all processes of the server, in seconds. */
  readonly serverSeconds: number
  /** That of the one which had most. */
  readonly busiestSeconds: number
  /** The server's resident bytes at the window's end. */
  readonly rss: number
}

interface Sample {
  readonly at: number
  /** Of each process of the server. */
  readonly server: readonly number[]
  readonly generator: number
  readonly busy: number
}

/** Measures the server's and the own process's processor time between two moments. */
export class Meter {
  readonly #serverPid: number
  #family: readonly number[]
  #begin: Sample

  constructor(serverPid: number) {
    this.#serverPid = serverPid
    this.#family = familyOf(serverPid)
    this.#begin = this.#sample()
  }

  begin(): void {
    this.#family = familyOf(this.#serverPid)
    this.#begin = this.#sample()
  }

  end(): Load {
    const [from, to] = [this.#begin, this.#sample()]
    const seconds = (to.at - from.at) / 1000
    const each = to.server.map((seconds, i) => seconds - (from.server[i] ?? 0))
    const server = sumOf(each)
    const generator = to.generator - from.generator
    const others = to.busy - from.busy - server - generator
    return {
      server: server / seconds,
      generator: generator / seconds,
      others: Math.max(0, others / seconds),
      serverSeconds: server,
      busiestSeconds: Math.max(...each),
      rss: sumOf(this.#family.map(rssBytes)),
    }
  }

  #sample(): Sample {
    const { user, system } = process.cpuUsage()
    return {
      at: performance.now(),
      server: this.#family.map(cpuSeconds),
      generator: (user + system) / 1e6,
      busy: busySeconds(),
    }
  }
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0)
}
