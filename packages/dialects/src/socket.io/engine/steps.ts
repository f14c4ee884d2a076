import type { EnginePacket, EngineVersion, PacketType } from './packet.ts'

/** What a packet means for a session. */
export type Step =
  /** Its content goes to Socket.IO. */
  | 'message'
  /** A ping was answered. */
  | 'ponged'
  /** It is to be answered with a pong. */
  | 'pong'
  /** The client ends the session. */
  | 'end'
  /** Tolerated: it makes no sense now, and does no harm. */
  | 'ignore'
  /** Against the protocol: the session is closed. */
  | 'broken'

const TOLERATED = { open: 'ignore', upgrade: 'ignore', noop: 'ignore', close: 'end', message: 'message' } as const

/** On the transport that a session is on. */
export const STEPS: Readonly<Record<EngineVersion, Readonly<Record<PacketType, Step>>>> = {
  4: { ...TOLERATED, ping: 'broken', pong: 'ponged' },
  3: { ...TOLERATED, ping: 'pong', pong: 'broken' },
}

/** How far a WebSocket is that a session may move to. */
export type Stage = 'new' | 'probed'

/** What a packet on such a WebSocket means: `probe` and `switch` take it a step further, all else ends it. */
export function stepOf(stage: Stage, { type, content }: EnginePacket): 'probe' | 'switch' | 'broken' {
  if (type === 'ping' && content === 'probe') return 'probe'
  return stage === 'probed' && type === 'upgrade' ? 'switch' : 'broken'
}
