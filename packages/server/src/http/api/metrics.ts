import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { Colleagues } from '../../surroundings.ts'
import type { ApiHost } from './host.ts'
import { joinMetrics } from './join-metrics.ts'

/**
 * What the server counts, in the text format of Prometheus. Figures are read when they are asked for. Of processes that
 * serve one app together each answers with the figures of all, labelled by `worker`: who asks cannot choose among them.
 */
export class Metrics {
  readonly #registry = new Registry()
  readonly #requests: Counter<'method' | 'route' | 'status'>
  readonly #colleagues: Colleagues | null
  #watchesProcess = false

  constructor(host: ApiHost) {
    const registers = [this.#registry]
    this.#colleagues = host.colleagues
    if (host.colleagues) {
      this.#registry.setDefaultLabels({ worker: String(host.colleagues.number) })
      host.colleagues.showMetrics(() => this.#own())
    }
    this.#requests = new Counter({
      name: 'rollcall_api_requests_total',
      help: 'Requests of the HTTP API that were answered',
      labelNames: ['method', 'route', 'status'],
      registers,
    })
    gauge(registers, 'rollcall_channels', 'Channels in use', () => host.stats().channels)
    gauge(registers, 'rollcall_sessions', 'Sessions that are connected or can be resumed', () => host.stats().sessions)
    gauge(registers, 'rollcall_nodes', 'Nodes that this one hears, itself included', () => host.stats().nodes)
    for (const what of ['broker', 'log'] as const)
      gauge(registers, `rollcall_${what}_away`, `1 while the ${what} cannot be reached`, () =>
        host.away().includes(what) ? 1 : 0,
      )
    new Gauge({
      name: 'rollcall_connections',
      help: 'Open connections, by the wire language that they speak',
      labelNames: ['dialect'],
      registers,
      collect() {
        this.reset()
        for (const { dialect } of host.connections()) this.inc({ dialect })
      },
    })
    counter(registers, 'rollcall_emitted_total', 'Messages accepted on this node', () => host.stats().emitted)
    counter(registers, 'rollcall_deliveries_total', 'Messages given to connections', () => host.stats().deliveries)
    counter(
      registers,
      'rollcall_handshakes_refused_total',
      'Upgrades refused since the node was full, or too many came at once',
      () => host.stats().handshakesRefused,
    )
    counter(registers, 'rollcall_kicked_total', 'Memberships that the application ended', () => host.stats().kicked)
    labelled(registers, 'rollcall_refusals_total', 'Requests of clients that were refused', 'code', () =>
      Object.entries(host.stats().refusals),
    )
    labelled(registers, 'rollcall_closes_total', 'Connections that the server closed', 'code', () =>
      Object.entries(host.stats().closes),
    )
    labelled(registers, 'rollcall_slow_total', 'What slow connections cost', 'effect', () => {
      const { volatileDropped, volatileConflated, behind, caughtUp, closedAsSlow } = host.stats()
      return [
        ['volatile_dropped', volatileDropped],
        ['volatile_conflated', volatileConflated],
        ['behind', behind],
        ['caught_up', caughtUp],
        ['closed', closedAsSlow],
      ]
    })
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  /** A request was answered. `route` is the pattern, not the path: its values are few. */
  answered(method: string, route: string, status: number): void {
    this.#requests.inc({ method, route, status })
  }

  async text(): Promise<string> {
    if (!this.#colleagues) return this.#own()
    const [own, others] = await Promise.all([this.#own(), this.#colleagues.metrics()])
    return joinMetrics([own, ...others])
  }

  #own(): Promise<string> {
    // Watching the process has a cost: not before somebody looks.
    if (!this.#watchesProcess) collectDefaultMetrics({ register: this.#registry })
    this.#watchesProcess = true
    return this.#registry.metrics()
  }
}

function gauge(registers: Registry[], name: string, help: string, read: () => number): void {
  new Gauge({
    name,
    help,
    registers,
    collect() {
      this.set(read())
    },
  })
}

function counter(registers: Registry[], name: string, help: string, read: () => number): void {
  new Counter({
    name,
    help,
    registers,
    collect() {
      this.reset()
      this.inc(read())
    },
  })
}

function labelled<L extends string>(
  registers: Registry[],
  name: string,
  help: string,
  label: L,
  read: () => Iterable<readonly [value: string, count: number]>,
): void {
  new Counter({
    name,
    help,
    labelNames: [label],
    registers,
    collect() {
      this.reset()
      for (const [value, count] of read()) this.inc({ [label]: value } as Record<L, string>, count)
    },
  })
}
