import type { Position } from '@rollcall/core'
import { io } from 'socket.io-client'
import { Membership } from './membership.ts'
import type { Person, PersonOptions } from './person.ts'

const ANSWER_MS = 8_000

interface Shown {
  readonly id: string
  readonly key: string
  readonly meta: unknown
}

interface Answer {
  readonly position?: Position | null
  readonly error?: { readonly code: string }
}

/** Comes in with the official client of Socket.IO. */
export function socketIoPerson({ url, history, user, topic, polls = false }: PersonOptions): Person {
  const membership = new Membership(history, user, topic)
  const shown = new Map<string, Shown>()
  const socket = io(`${url}/${topic}`, {
    auth: { user, presence: { n: 0 } },
    transports: [polls ? 'polling' : 'websocket'],
    forceNew: true,
    reconnectionDelay: 500,
    reconnectionDelayMax: 5_000,
  })
  socket.on('connect', () => {
    // The pid, which clients do not look into, says where the log stood.
    const pid = String((socket as unknown as { _pid?: string })._pid ?? '')
    if (socket.recovered) membership.entered(null)
    else membership.enteredAnew(toPosition(pid.split('~')[2]?.replaceAll('%7E', '~')))
  })
  socket.on('disconnect', () => membership.interrupted())
  // Refused for now: unlike a lost connection, the client leaves this to the application.
  socket.on('connect_error', () => {
    if (!socket.active) setTimeout(() => socket.connect(), 500)
  })
  socket.on('said', (text: string, offset: unknown) => membership.delivered(text, toPosition(offset)))
  socket.on('presence_state', (all: readonly Shown[]) => {
    shown.clear()
    for (const one of all) shown.set(one.id, one)
  })
  socket.on('presence_diff', ({ joins, updates, leaves }: Record<'joins' | 'updates' | 'leaves', readonly Shown[]>) => {
    for (const { id } of leaves) shown.delete(id)
    for (const one of [...joins, ...updates]) shown.set(one.id, one)
  })
  return {
    user,
    topic,
    speaks: 'socket.io',
    get here() {
      return socket.connected
    },
    say: (text) =>
      membership.send(text, async () => {
        const answer: Answer | null = await socket
          .timeout(ANSWER_MS)
          .emitWithAck('say', text)
          .catch(() => null)
        if (!answer) return { kind: 'unknown' }
        if (answer.error) return { kind: answer.error.code === 'internal' ? 'unknown' : 'refused' }
        return { kind: 'accepted', ...answer }
      }),
    show: (n) => void socket.emit('presence', { n }),
    members: () => {
      const members: Record<string, unknown[]> = {}
      for (const { key, meta } of shown.values()) members[key] = [...(members[key] ?? []), meta]
      return members
    },
    async close() {
      membership.left()
      socket.disconnect()
    },
  }
}

function toPosition(text: unknown): Position | null {
  const [, offset, epoch] = /^(\d+)~(.*)$/.exec(String(text)) ?? []
  return offset !== undefined && epoch !== undefined ? { offset: Number(offset), epoch } : null
}
