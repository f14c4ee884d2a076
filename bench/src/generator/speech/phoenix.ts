import { JOINED, letter, NOTHING, type Speech, type TableChange } from './speech.ts'

type Metas = Readonly<Record<string, { readonly metas: readonly { readonly phx_ref: string }[] }>>

/** Phoenix channels, V2 serializer. */
export const phoenix: Speech = {
  name: 'phoenix',
  path: () => '/socket/websocket?vsn=2.0.0',
  subprotocol: null,
  joinsByConnecting: false,
  opening(topic, member) {
    return [JSON.stringify(['1', '1', topic, 'phx_join', member === null ? {} : { presence: { name: member } }])]
  },
  hear(text) {
    if (!text.startsWith('["1","1",')) return NOTHING
    const [, , , event, payload] = JSON.parse(text) as [string, string, string, string, { status?: string }]
    if (event === 'phx_reply' && payload.status === 'ok') return JOINED
    return event === 'presence_state' ? NOTHING : { kind: 'refused', reason: text.slice(0, 200) }
  },
  // [null,null,… is a broadcast, ["1","2",… an answer; the heartbeat's answer is [null,"…
  message: { offset: 6, byte: letter('n') },
  answer: { offset: 1, byte: letter('"') },
  publish: (topic, ref, payload) => JSON.stringify(['1', String(ref), topic, 'message', { text: payload }]),
  call: (topic, ref, payload) => JSON.stringify(['1', String(ref), topic, 'echo', { text: payload }]),
  table(text) {
    if (!text.includes('presence_')) return null
    const [, , , event, payload] = JSON.parse(text) as [unknown, unknown, string, string, unknown]
    if (event === 'presence_state') return change(payload as Metas, {}, true)
    if (event !== 'presence_diff') return null
    const { joins, leaves } = payload as { joins: Metas; leaves: Metas }
    return change(joins, leaves, false)
  },
  beat: '[null,"0","phoenix","heartbeat",{}]',
}

/** The same with Rollcall's contract, whose payloads are texts. */
export const rollcallPhoenix: Speech = {
  ...phoenix,
  name: 'rollcall-phoenix',
  publish: (topic, ref, payload) => JSON.stringify(['1', String(ref), topic, 'message', payload]),
  call: (topic, ref, payload) => JSON.stringify(['1', String(ref), topic, 'echo', payload]),
}

function change(joins: Metas, leaves: Metas, whole: boolean): TableChange {
  const ids = (metas: Metas): string[] => Object.values(metas).flatMap((entry) => entry.metas.map((m) => m.phx_ref))
  return { whole, here: ids(joins), gone: ids(leaves) }
}
