import { CloseCode, type Reaction, reactionTo } from '@rollcall/core'
import { expect, test } from 'vitest'

const REACTIONS: Readonly<Record<keyof typeof CloseCode, Reaction>> = {
  normal: 'stop',
  protocolError: 'stop',
  invalidText: 'stop',
  tooBig: 'stop',
  silent: 'reconnect',
  slow: 'reconnect',
  superseded: 'reconnect',
  insufficientState: 'reconnect',
  expired: 'reconnect',
  goingAway: 'later',
  overloaded: 'later',
  badFrame: 'stop',
  idle: 'stop',
  unauthorized: 'stop',
  kicked: 'stop',
  tooDeep: 'stop',
  tooFast: 'stop',
  wrongVersion: 'stop',
}

test.each(Object.entries(REACTIONS))('%s means %s', (name, reaction) => {
  expect(reactionTo(CloseCode[name as keyof typeof CloseCode])).toBe(reaction)
})

test('every code has a name of its own', () => {
  expect(Object.keys(CloseCode).sort()).toEqual(Object.keys(REACTIONS).sort())
  expect(new Set(Object.values(CloseCode)).size).toBe(Object.keys(REACTIONS).length)
})

test('every code that a socket can close with has one reaction', () => {
  const ranges: [number, number, Reaction][] = []
  for (let code = 1000; code < 5000; code++) {
    const reaction = reactionTo(code)
    const last = ranges.at(-1)
    if (last?.[2] === reaction) last[1] = code
    else ranges.push([code, code, reaction])
  }
  expect(ranges).toEqual([
    [1000, 1000, 'stop'],
    [1001, 1001, 'reconnect'],
    [1002, 1003, 'stop'],
    [1004, 1006, 'reconnect'],
    [1007, 1010, 'stop'],
    [1011, 1011, 'reconnect'],
    [1012, 1013, 'later'],
    [1014, 4099, 'reconnect'],
    [4100, 4199, 'later'],
    [4200, 4399, 'reconnect'],
    [4400, 4499, 'stop'],
    [4500, 4999, 'reconnect'],
  ])
})
