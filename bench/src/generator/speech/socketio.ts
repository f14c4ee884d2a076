import { JOINED, letter, NOTHING, type Speech } from './speech.ts'

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
