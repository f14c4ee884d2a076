import { expect, test } from 'vitest'
import { speechOf } from '../src/generator/speech/index.ts'
import type { Speech } from '../src/generator/speech/speech.ts'

function marked(speech: Speech, which: 'message' | 'answer', text: string): boolean {
  const mark = speech[which]
  return mark === null ? text !== '' : text.charCodeAt(mark.offset) === mark.byte
}

const frames: Record<string, { message: string; answer: string; others: string[] }> = {
  rollcall: {
    message: '["message","room:1","message","hi",{"at":1}]',
    answer: '["ok",7,"hi"]',
    others: [
      '["ping"]',
      '["welcome",{}]',
      '["error",3,{"code":"rate_limited","message":"slow down"}]',
      '["presence","room:1",{}]',
      '["position","room:1",["e",3]]',
      '["gap","room:1",{}]',
      '["left","room:1",{"reason":"kicked"}]',
      '["closing",{}]',
    ],
  },
  'socket.io': {
    message: '42["message","hi"]',
    answer: '4312["hi"]',
    others: ['2', '3', '0{"sid":"s"}', '40{"sid":"s"}', '41', '44{"message":"no"}'],
  },
  'rollcall-socket.io': {
    message: '42/room:1,["message","hi"]',
    answer: '43/room:1,12["hi"]',
    others: ['2', '3', '0{"sid":"s"}', '40/room:1,{"sid":"s"}', '41/room:1,', '44/room:1,{"message":"no"}'],
  },
  phoenix: {
    message: '[null,null,"room:1","message",{"text":"hi"}]',
    answer: '["1","7","room:1","phx_reply",{"status":"ok","response":{}}]',
    others: ['[null,"0","phoenix","phx_reply",{"status":"ok","response":{}}]'],
  },
  plain: { message: 'hi', answer: '?hi', others: [''] },
}

test.each(Object.entries(frames))(
  '%s tells messages and answers from all else',
  (name, { message, answer, others }) => {
    const speech = speechOf(name)
    expect(marked(speech, 'message', message)).toBe(true)
    expect(marked(speech, 'answer', answer)).toBe(true)
    expect(marked(speech, 'answer', message)).toBe(false)
    for (const text of others) {
      expect(marked(speech, 'message', text), text).toBe(false)
      expect(marked(speech, 'answer', text), text).toBe(false)
    }
  },
)

test.each([
  ['rollcall', '["ok",1,{"recovery":"fresh"}]', { kind: 'joined' }],
  ['rollcall', '["ping"]', { kind: 'say', text: '["pong"]' }],
  ['rollcall', '["welcome",{}]', { kind: 'nothing' }],
  ['rollcall', '["ok",12,{}]', { kind: 'nothing' }],
  ['rollcall', '["error",1,{}]', { kind: 'refused', reason: '["error",1,{}]' }],
  ['socket.io', '0{"sid":"s"}', { kind: 'say', text: '40{"room":"room:1","member":"Tyr"}' }],
  ['socket.io', '40{"sid":"s"}', { kind: 'joined' }],
  ['socket.io', '2', { kind: 'say', text: '3' }],
  ['socket.io', '44{"message":"no"}', { kind: 'refused', reason: '44{"message":"no"}' }],
  ['rollcall-socket.io', '0{"sid":"s"}', { kind: 'say', text: '40/room:1,{"name":"Tyr"}' }],
  ['rollcall-socket.io', '40/room:1,{"sid":"s"}', { kind: 'joined' }],
  ['phoenix', '["1","1","room:1","phx_reply",{"status":"ok","response":{}}]', { kind: 'joined' }],
  ['phoenix', '["1",null,"room:1","presence_state",{}]', { kind: 'nothing' }],
])('%s understands %s', (name, text, heard) => {
  expect(speechOf(name).hear(text, 'room:1', 'Tyr')).toEqual(heard)
})

test.each([
  [
    'rollcall',
    '["ok",1,{"entry":"e2","roster":{"v":["x",2],"entries":[["e1","k1",null,1],["e2","k2",null,1]]}}]',
    { whole: true, here: ['e1', 'e2'], gone: [] },
  ],
  [
    'rollcall',
    '["presence","room:1",{"v":["x",3],"since":2,"set":[["e3","k3",{"name":"c"},1]],"gone":["e1"]}]',
    { whole: false, here: ['e3'], gone: ['e1'] },
  ],
  ['rollcall', '["ok",1,{"recovery":"fresh"}]', null],
  ['socket.io', '42["members",["a","b"]]', { whole: true, here: ['a', 'b'], gone: [] }],
  ['socket.io', '42["member joined","c"]', { whole: false, here: ['c'], gone: [] }],
  ['socket.io', '2', null],
  [
    'rollcall-socket.io',
    '42/room:1,["presence_state",[{"id":"a"},{"id":"b"}]]',
    { whole: true, here: ['a', 'b'], gone: [] },
  ],
  [
    'rollcall-socket.io',
    '42/room:1,["presence_diff",{"joins":[{"id":"c"}],"updates":[{"id":"b"}],"leaves":[{"id":"a"}]}]',
    { whole: false, here: ['c', 'b'], gone: ['a'] },
  ],
  ['rollcall-socket.io', '42/room:1,["message","hi"]', null],
  [
    'phoenix',
    '["1",null,"room:1","presence_state",{"u":{"metas":[{"phx_ref":"r1"},{"phx_ref":"r2"}]}}]',
    { whole: true, here: ['r1', 'r2'], gone: [] },
  ],
  [
    'phoenix',
    '[null,null,"room:1","presence_diff",{"joins":{},"leaves":{"u":{"metas":[{"phx_ref":"r1"}]}}}]',
    { whole: false, here: [], gone: ['r1'] },
  ],
])('%s reads the online table of %s', (name, text, change) => {
  expect(speechOf(name).table(text)).toEqual(change)
})

test('a name that nobody speaks is named with those that are spoken', () => {
  expect(() => speechOf('klingon')).toThrow(/"klingon": use one of rollcall, plain/)
})
