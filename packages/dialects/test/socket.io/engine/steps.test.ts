import { expect, test } from 'vitest'
import { PACKET_TYPES } from '../../../src/socket.io/engine/packet.ts'
import { STEPS, stepOf } from '../../../src/socket.io/engine/steps.ts'

test('what each packet means on the transport that a session is on', () => {
  expect(PACKET_TYPES.map((type) => [type, STEPS[4][type], STEPS[3][type]])).toEqual([
    ['open', 'ignore', 'ignore'],
    ['close', 'end', 'end'],
    ['ping', 'broken', 'pong'],
    ['pong', 'ponged', 'broken'],
    ['message', 'message', 'message'],
    ['upgrade', 'ignore', 'ignore'],
    ['noop', 'ignore', 'ignore'],
  ])
})

test('what each packet means on a WebSocket that it may move to', () => {
  const of = (stage: 'new' | 'probed') => PACKET_TYPES.map((type) => stepOf(stage, { type, content: '' }))
  expect(of('new')).toEqual(PACKET_TYPES.map(() => 'broken'))
  expect(of('probed')).toEqual(PACKET_TYPES.map((type) => (type === 'upgrade' ? 'switch' : 'broken')))
  for (const stage of ['new', 'probed'] as const)
    expect(stepOf(stage, { type: 'ping', content: 'probe' })).toBe('probe')
})
