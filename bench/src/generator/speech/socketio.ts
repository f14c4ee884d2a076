import { JOINED, letter, NOTHING, type Speech, type TableChange } from './speech.ts'

/** Socket.IO 5 on Engine.IO 4, WebSocket from the start; the room is in the CONNECT packet's auth. */
export const socketio: Speech = {
  name: 'socket.io',
  path: () => '/socket.io/?EIO=4&transport=websocket',
  subprotocol: null,
  joinsByConnecting: false,
  // The client waits for the open packet.
  opening: () => [],
  hear(text, topic, member) {
    if (text === '2') return { kind: 'say', text: '3' }
    if (text.startsWith('0{'))
      return { kind: 'say', text: `40${JSON.stringify({ room: topic, ...(member !== null && { member }) })}` }
    if (text.startsWith('40{')) return JOINED
    if (text.startsWith('44') || text.startsWith('41')) return { kind: 'refused', reason: text.slice(0, 200) }
    return NOTHING
  },
  // 42["message",… and 43<id>[…
  message: { offset: 1, byte: letter('2') },
  answer: { offset: 1, byte: letter('3') },
  publish: (_topic, _ref, payload) => `42${JSON.stringify(['message', payload])}`,
  call: (_topic, ref, payload) => `42${ref}${JSON.stringify(['echo', payload])}`,
  table(text) {
    if (!text.startsWith('42["')) return null
    const [event, names] = JSON.parse(text.slice(2)) as [string, string | string[]]
    if (event === 'members') return { whole: true, here: names as string[], gone: [] }
    if (event === 'member joined') return { whole: false, here: [names as string], gone: [] }
    if (event === 'member left') return { whole: false, here: [], gone: [names as string] }
    return null
  },
  beat: null,
}

/** The same language, as Rollcall takes it: a room is a namespace, presence is Rollcall's. */
export const rollcallSocketio: Speech = {
  ...socketio,
  name: 'rollcall-socket.io',
  hear(text, topic, member) {
    if (text === '2') return { kind: 'say', text: '3' }
    if (text.startsWith('0{'))
      return { kind: 'say', text: `40/${topic},${JSON.stringify(member === null ? {} : { name: member })}` }
    if (text.startsWith('40/')) return JOINED
    if (text.startsWith('44') || text.startsWith('41')) return { kind: 'refused', reason: text.slice(0, 200) }
    return NOTHING
  },
  publish: (topic, _ref, payload) => `42/${topic},${JSON.stringify(['message', payload])}`,
  call: (topic, ref, payload) => `42/${topic},${ref}${JSON.stringify(['echo', payload])}`,
  table(text) {
    const at = text.indexOf(',["presence_')
    if (!text.startsWith('42/') || at < 0) return null
    const [event, news] = JSON.parse(text.slice(at + 1)) as [string, unknown]
    return event === 'presence_state' ? stateOf(news as Present[]) : diffOf(news as Record<string, Present[]>)
  },
}

interface Present {
  readonly id: string
}

const idOf = ({ id }: Present): string => id

function stateOf(members: readonly Present[]): TableChange {
  return { whole: true, here: members.map(idOf), gone: [] }
}

function diffOf({ joins = [], updates = [], leaves = [] }: Record<string, readonly Present[]>): TableChange {
  return { whole: false, here: [...joins, ...updates].map(idOf), gone: leaves.map(idOf) }
}
