// Many clients in one process, told by its parent what to do: see `CrowdOrder`.
import { connect } from '@rollcall/client'
import { WebSocket } from 'ws'
import { application } from './application.ts'

export type CrowdOrder =
  | { readonly do: 'come'; readonly count: number; readonly rooms: number; readonly name: string }
  /** Where connections go from now on, in turn. */
  | { readonly do: 'go'; readonly ports: readonly number[] }
  | { readonly do: 'tell' }

export interface CrowdReport {
  readonly here: number
  /** Clients that were away, and for how long each was, in milliseconds. */
  readonly away: readonly number[]
  readonly attempts: number
  /** The fewest and the most messages that a client has got. */
  readonly fewest: number
  readonly most: number
  readonly gaps: number
  /** Messages that came twice, or whose predecessor did not come. */
  readonly misplaced: number
  /** The smallest and the largest roster that a client sees. */
  readonly rosters: readonly [smallest: number, largest: number]
}

interface Single {
  lostAt: number
  got: number
  readonly members: () => number
  readonly here: () => boolean
}

let ports: readonly number[] = []
let turn = 0
let attempts = 0
let gaps = 0
let misplaced = 0
let away: number[] = []
const all: Single[] = []

function come(user: string, topic: string): void {
  const client = connect(application, 'ws://127.0.0.1', {
    credentials: { user },
    webSocket: (url, protocols) => {
      attempts++
      const at = new URL(url)
      at.port = String(ports[turn++ % ports.length])
      return new WebSocket(at, protocols) as never
    },
  })
  const room = client.join(topic as 'room:a', { presence: { n: 0 } })
  let last = 0
  const single: Single = {
    lostAt: 0,
    got: 0,
    members: () => room.presence.members().length,
    here: () => room.state.kind === 'joined',
  }
  all.push(single)
  room.on('said', (_, { position }) => {
    single.got++
    const offset = position?.offset ?? 0
    if (offset !== last + 1) misplaced++
    last = offset
  })
  room.onGap(() => gaps++)
  room.subscribeState(({ kind }) => {
    if (kind === 'rejoining') single.lostAt ||= performance.now()
    if (kind !== 'joined' || single.lostAt === 0) return
    away.push(performance.now() - single.lostAt)
    single.lostAt = 0
  })
}

function report(): CrowdReport {
  const got = all.map((single) => single.got)
  const rosters = all.map((single) => single.members())
  const told = {
    here: all.filter((single) => single.here()).length,
    away,
    attempts,
    fewest: Math.min(...got),
    most: Math.max(...got),
    gaps,
    misplaced,
    rosters: [Math.min(...rosters), Math.max(...rosters)] as const,
  }
  away = []
  return told
}

process.on('message', (order: CrowdOrder) => {
  if (order.do === 'go') ports = order.ports
  else if (order.do === 'come')
    for (let i = 0; i < order.count; i++) come(`${order.name}-${i}`, `room:${i % order.rooms}`)
  else process.send?.(report())
})
process.on('disconnect', () => process.exit(0))
