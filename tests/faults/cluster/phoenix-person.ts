import type { GapReason, Position } from '@rollcall/core'
import { type Channel, Presence, Socket } from 'phoenix'
import { WebSocket } from 'ws'
import { Membership } from './membership.ts'
import type { Person, PersonOptions } from './person.ts'

const ANSWER_MS = 8_000

type WirePosition = readonly [epoch: string, offset: number]

interface JoinReply {
  readonly position?: WirePosition
  readonly recovery?: 'fresh' | 'recovered' | 'gap'
  readonly gap?: GapReason
}

/** Comes in with the official client of Phoenix. */
export function phoenixPerson({ url, history, user, topic, polls = false }: PersonOptions): Person {
  const membership = new Membership(history, user, topic)
  const socket = new Socket(`${polls ? url : url.replace('http', 'ws')}/socket`, {
    transport: (polls ? longPollOf() : WebSocket) as never,
    params: { user, stamp: '1' },
  })
  // Not as an option, which counts for WebSockets alone.
  Object.assign(socket, { decode: decodeStamped })
  socket.connect()
  const channel: Channel = socket.channel(topic, () => ({
    presence: { n: 0 },
    ...(membership.position && { since: [membership.position.epoch, membership.position.offset] }),
  }))
  const presence = new Presence(channel)
  let here = false
  channel.onError(() => {
    here = false
    membership.interrupted()
  })
  channel.on('said', ({ text, stamp }: { text: string; stamp: { position?: WirePosition } }) =>
    membership.delivered(text, toPosition(stamp.position)),
  )
  // The client calls back for the first join and for each one after a loss.
  channel.join().receive('ok', ({ position, recovery, gap }: JoinReply) => {
    here = true
    membership.entered(toPosition(position))
    const at = toPosition(position)
    if (recovery === 'gap' && gap && at) membership.gap(gap, at)
  })
  return {
    user,
    topic,
    speaks: 'phoenix',
    get here() {
      return here
    },
    say: (text) =>
      membership.send(
        text,
        () =>
          new Promise((resolve) => {
            channel
              .push('say', text as never, ANSWER_MS)
              .receive('ok', ({ position }: JoinReply) => resolve({ kind: 'accepted', position: toPosition(position) }))
              .receive('error', ({ code }: { code?: string }) =>
                resolve({ kind: code === undefined || code === 'internal' ? 'unknown' : 'refused' }),
              )
              .receive('timeout', () => resolve({ kind: 'unknown' }))
          }),
      ),
    show: (n) => void channel.push('presence', { n }),
    members: () =>
      Object.fromEntries(
        presence.list((key: string, { metas }: { metas: { n: number }[] }) => [key, metas.map(({ n }) => ({ n }))]),
      ),
    close: () =>
      new Promise((resolve) => {
        membership.left()
        socket.disconnect(resolve)
      }),
  }
}

// The client's own, over `fetch`.
function longPollOf(): unknown {
  const any = new Socket('unused') as unknown as { getLongPollTransport(): unknown }
  return any.getLongPollTransport()
}

function toPosition(position: WirePosition | undefined): Position | null {
  return position ? { epoch: position[0], offset: position[1] } : null
}

/** Hands on what stands behind a message beside what is in it. */
function decodeStamped(raw: unknown, callback: (message: unknown) => void): void {
  const [join_ref, ref, topic, event, payload, stamp] = JSON.parse(String(raw)) as unknown[]
  callback({ join_ref, ref, topic, event, payload: stamp === undefined ? payload : { text: payload, stamp } })
}
