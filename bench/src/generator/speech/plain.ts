import { ANY_FRAME } from '../frame-counter.ts'
import { letter, NOTHING, type Speech } from './speech.ts'

/** A text frame is a message; the path is the room. A text that begins with `?` is echoed to its sender alone. */
export const plain: Speech = {
  name: 'plain',
  path: (topic) => `/${topic}`,
  subprotocol: null,
  joinsByConnecting: true,
  opening: () => [],
  hear: () => NOTHING,
  message: ANY_FRAME,
  answer: { offset: 0, byte: letter('?') },
  publish: (_topic, _ref, payload) => payload,
  call: (_topic, _ref, payload) => `?${payload}`,
  table: () => null,
  beat: null,
}

/** The same through Rollcall's plain dialect. */
export const rollcallPlain: Speech = {
  ...plain,
  name: 'rollcall-plain',
  path: (topic) => `/plain/${topic}?name=load`,
}
