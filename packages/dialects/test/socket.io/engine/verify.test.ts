import { describe, expect, test } from 'vitest'
import { faultAnswer, upgradeFault } from '../../../src/socket.io/engine/faults.ts'
import { type KnownSession, type Rules, verify, versionOf } from '../../../src/socket.io/engine/verify.ts'

const rules: Rules = { transports: ['polling', 'websocket'], allowUpgrades: true, allowEIO3: false }
const polling: KnownSession = { version: 4, transport: 'polling' }
const socket: KnownSession = { version: 4, transport: 'websocket' }

interface Case {
  readonly method?: string
  readonly upgrade?: boolean
  readonly originAllowed?: boolean
  readonly session?: KnownSession
  readonly rules?: Partial<Rules>
  readonly allowed?: boolean
}

function judge(query: string, { session, allowed = true, ...given }: Case = {}) {
  return verify(
    {
      method: given.method ?? 'GET',
      upgrade: given.upgrade ?? false,
      originAllowed: given.originAllowed ?? true,
      query: new URLSearchParams(query),
    },
    session,
    { ...rules, ...given.rules },
    () => allowed,
  )
}

describe('a handshake', () => {
  test.each<[number | null, string, Case?]>([
    [null, 'EIO=4&transport=polling'],
    [null, 'EIO=4&transport=websocket', { upgrade: true }],
    [null, 'EIO=3&EIO=4&transport=polling'],
    [null, 'EIO=3&transport=polling', { rules: { allowEIO3: true } }],
    [null, 'transport=polling', { rules: { allowEIO3: true } }],
    [0, 'EIO=4'],
    [0, 'EIO=4&transport='],
    [0, 'EIO=4&transport=nothing'],
    [0, 'EIO=4&transport=__proto__'],
    [0, 'EIO=4&transport=constructor'],
    [0, 'EIO=4&transport=polling&transport=websocket'],
    [0, 'EIO=4&transport=polling', { rules: { transports: ['websocket'] } }],
    [0, 'EIO=4&transport=webtransport'],
    [2, 'EIO=4&transport=polling', { method: 'POST' }],
    [2, 'EIO=4&transport=polling', { method: 'OPTIONS' }],
    [2, 'transport=polling', { method: 'POST' }],
    [3, 'EIO=4&transport=websocket'],
    [3, 'EIO=4&transport=polling', { upgrade: true }],
    [4, 'EIO=4&transport=polling', { originAllowed: false }],
    [4, 'EIO=4&transport=polling', { allowed: false }],
    [4, 'transport=polling', { allowed: false }],
    [5, 'transport=polling'],
    [5, 'EIO=3&transport=polling'],
    [5, 'EIO=5&transport=polling'],
    [5, 'EIO=4&EIO=3&transport=polling'],
    [5, 'EIO=3&transport=websocket', { upgrade: true }],
  ])('is judged %j: %s %j', (code, query, given) => {
    expect(judge(query, given)).toBe(code)
  })
})

describe('a request of a session', () => {
  test.each<[number | null, string, Case?]>([
    [null, 'EIO=4&transport=polling&sid=a', { session: polling }],
    [null, 'EIO=4&transport=polling&sid=a', { session: polling, method: 'POST' }],
    [null, 'EIO=4&transport=polling&sid=a', { session: polling, allowed: false }],
    [null, 'EIO=4&transport=websocket&sid=a', { session: polling, upgrade: true }],
    [null, 'EIO=4&transport=websocket&sid=a', { session: socket, upgrade: true }],
    [0, 'EIO=4&sid=a', { session: polling }],
    [1, 'EIO=4&transport=polling&sid=a'],
    [1, 'EIO=4&transport=polling&sid='],
    [1, 'EIO=4&transport=polling&sid=__proto__'],
    [1, 'EIO=4&transport=polling&sid=a&sid=b', { session: polling }],
    [1, 'EIO=4&transport=websocket&sid=a', { upgrade: true }],
    [3, 'EIO=4&transport=polling&sid=a', { session: socket }],
    [3, 'EIO=4&transport=websocket&sid=a', { session: socket }],
    [3, 'EIO=4&transport=websocket&sid=a', { session: polling }],
    [3, 'EIO=4&transport=polling&sid=a', { session: polling, upgrade: true }],
    [3, 'EIO=4&transport=websocket&sid=a', { session: polling, upgrade: true, rules: { allowUpgrades: false } }],
    [3, 'EIO=3&transport=polling&sid=a', { session: polling }],
    [3, 'transport=polling&sid=a', { session: polling }],
    [3, 'EIO=4&transport=polling&sid=a', { session: { version: 3, transport: 'polling' } }],
    [4, 'EIO=4&transport=polling&sid=a', { session: polling, originAllowed: false }],
  ])('is judged %j: %s %j', (code, query, given) => {
    expect(judge(query, given)).toBe(code)
  })
})

test.each<[string, 3 | 4]>([
  ['', 3],
  ['EIO=4', 4],
  ['EIO=3', 3],
  ['EIO=', 3],
  ['EIO=04', 3],
  ['EIO=4&EIO=3', 3],
])('the revision of %j is %i', (query, version) => {
  expect(versionOf(new URLSearchParams(query))).toBe(version)
})

test('what clients are told', () => {
  expect(faultAnswer(1)).toMatchObject({ status: 400, body: '{"code":1,"message":"Session ID unknown"}' })
  expect(faultAnswer(4)).toMatchObject({ status: 403, body: '{"code":4,"message":"Forbidden"}' })
  expect(upgradeFault(0)).toEqual({ status: 400, headers: { 'content-type': 'text/html' }, body: 'Transport unknown' })
})
