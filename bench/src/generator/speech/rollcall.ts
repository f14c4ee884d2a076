import { JOINED, letter, NOTHING, type Speech, type TableChange } from './speech.ts'

type Entry = readonly [id: string, key: string, meta: unknown, rev: number]
interface Roster {
  readonly entries?: readonly Entry[]
  readonly set?: readonly Entry[]
  readonly gone?: readonly string[]
}

/** `rollcall.v1`: hello and join in the first flight, a send with its acknowledgement. */
export const rollcall: Speech = {
  name: 'rollcall',
  path: () => '/rollcall',
  subprotocol: 'rollcall.v1',
  joinsByConnecting: false,
  opening(topic, member) {
    const options = member === null ? {} : { presence: { name: member } }
    return ['["hello",{}]', JSON.stringify(['join', 1, topic, options])]
  },
  hear(text) {
    if (text === '["ping"]') return { kind: 'say', text: '["pong"]' }
    if (text.startsWith('["ok",1,')) return JOINED
    if (/^\["(error|left|closing)"/.test(text)) return { kind: 'refused', reason: text.slice(0, 200) }
    return NOTHING
  },
  // ["message",… and ["ok",…
  message: { offset: 2, byte: letter('m') },
  answer: { offset: 2, byte: letter('o') },
  publish: (topic, ref, payload) => JSON.stringify(['send', ref, topic, 'message', payload]),
  call: (topic, ref, payload) => JSON.stringify(['call', ref, topic, 'echo', payload]),
  table(text) {
    if (text.startsWith('["ok",1,')) {
      const [, , result] = JSON.parse(text) as [string, number, { roster?: Roster }]
      return result.roster ? change(result.roster) : null
    }
    if (!text.startsWith('["presence",')) return null
    const [, , roster] = JSON.parse(text) as [string, string, Roster]
    return change(roster)
  },
  beat: null,
}

function change({ entries, set, gone }: Roster): TableChange {
  return { whole: entries !== undefined, here: (entries ?? set ?? []).map(([id]) => id), gone: gone ?? [] }
}
