import { describe, expect, test } from 'vitest'
import { Heartbeat } from '../../../src/socket.io/engine/heartbeat.ts'

const times = { pingIntervalMs: 100, pingTimeoutMs: 30 }

describe('of revision 4', () => {
  test('the server pings one interval after the open, and gives up without a pong', () => {
    const heartbeat = new Heartbeat(4, times, 0)
    expect(heartbeat.due).toBe(100)
    expect(heartbeat.lapse(100)).toBe('ping')
    expect(heartbeat.due).toBe(130)
    expect(heartbeat.lapse(130)).toBe('dead')
  })

  test('a pong puts it off; nothing else does', () => {
    const heartbeat = new Heartbeat(4, times, 0)
    heartbeat.lapse(100)
    heartbeat.heard(120)
    expect(heartbeat.due).toBe(130)
    expect(heartbeat.ponged(125)).toBe(true)
    expect(heartbeat.due).toBe(225)
    expect(heartbeat.lapse(225)).toBe('ping')
  })

  test('a pong that answers nothing changes nothing', () => {
    const heartbeat = new Heartbeat(4, times, 0)
    expect(heartbeat.ponged(50)).toBe(false)
    expect(heartbeat.due).toBe(100)
  })

  test('a ping out of turn has its own time', () => {
    const heartbeat = new Heartbeat(4, times, 0)
    heartbeat.pinged(10)
    expect(heartbeat.due).toBe(40)
    expect(heartbeat.ponged(20)).toBe(true)
    expect(heartbeat.due).toBe(120)
  })
})

test('of revision 3: the client pings, and anything shows that it lives', () => {
  const heartbeat = new Heartbeat(3, times, 0)
  expect(heartbeat.due).toBe(130)
  heartbeat.heard(129)
  expect(heartbeat.due).toBe(259)
  expect(heartbeat.lapse(259)).toBe('dead')
})
