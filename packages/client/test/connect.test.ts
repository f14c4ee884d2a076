import { describe, expect, test } from 'vitest'
import { connect } from '../src/index.ts'
import { socketUrl } from '../src/options.ts'
import { chat, Stage } from './support/stage.ts'

describe('the address', () => {
  test.each([
    ['http://localhost:8210', 'ws://localhost:8210/rollcall'],
    ['https://example.org', 'wss://example.org/rollcall'],
    ['https://example.org/', 'wss://example.org/rollcall'],
    ['https://example.org/chat', 'wss://example.org/chat'],
    ['https://example.org/chat/', 'wss://example.org/chat/'],
    ['ws://example.org:1', 'ws://example.org:1/rollcall'],
    ['wss://example.org/?a=b', 'wss://example.org/rollcall?a=b'],
    ['http://example.org/#hash', 'ws://example.org/rollcall'],
    ['http://[::1]:80/x', 'ws://[::1]/x'],
    [new URL('https://example.org'), 'wss://example.org/rollcall'],
  ])('%s is %s', (given, url) => {
    expect(socketUrl(given)).toBe(url)
  })

  test.each(['', 'localhost:8210', '/rollcall', 'ftp://example.org', 'file:///etc', 'javascript:alert(1)'])(
    '%j is refused',
    (given) => {
      expect(() => connect(chat, given)).toThrow(TypeError)
    },
  )
})

describe('an option that cannot work is refused', () => {
  test.each([
    ['openTimeoutMs', { openTimeoutMs: 0 }],
    ['checkTimeoutMs', { checkTimeoutMs: -1 }],
    ['sendTimeoutMs', { sendTimeoutMs: Number.NaN }],
    ['maxAttempts', { maxAttempts: 0 }],
    ['maxWaiting', { maxWaiting: 0 }],
    ['maxWaitingBytes', { maxWaitingBytes: -5 }],
    ['minMs', { backoff: { minMs: 0 } }],
    ['maxMs', { backoff: { maxMs: -1 } }],
  ])('%s', (name, options) => {
    expect(() => new Stage(options)).toThrow(RangeError)
    expect(() => new Stage(options)).toThrow(name)
  })

  test('undefined is as good as none', () => {
    expect(() => new Stage({ sendTimeoutMs: undefined, backoff: undefined } as never)).not.toThrow()
  })
})

test('it asks for the subprotocol of its version, and for array buffers', async () => {
  const stage = new Stage()
  await stage.clock.settle()
  expect(stage.socket.url).toBe('ws://localhost:8210/rollcall')
  expect(stage.socket.protocols).toEqual(['rollcall.v1'])
  expect(stage.socket.binaryType).toBe('arraybuffer')
})
