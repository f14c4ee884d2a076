import { systemClock, systemRandom } from '@rollcall/core'
import { describe, expect, it } from 'vitest'
import { type Broker, type Log, memoryBus, memoryLog } from '../../src/index.ts'
import { READ_TOKEN, serve, TOKEN } from './support.ts'

/** A node whose broker and log can be away. */
async function served() {
  const health = { broker: true, log: true }
  const broker: Broker = Object.defineProperty(memoryBus().broker('a'), 'healthy', { get: () => health.broker })
  const kept: Log = memoryLog({ clock: systemClock, random: systemRandom })
  const log: Log = Object.defineProperty(kept, 'healthy', { get: () => health.log })
  const { ask } = await serve({ token: TOKEN, readToken: READ_TOKEN }, { broker, log })
  return { health, ask }
}

describe('what a node depends on', () => {
  it.each([
    [{ broker: true, log: true }, 200, { live: true, ready: true }],
    [{ broker: false, log: true }, 503, { live: true, ready: false, away: ['broker'] }],
    [{ broker: true, log: false }, 503, { live: true, ready: false, away: ['log'] }],
    [{ broker: false, log: false }, 503, { live: true, ready: false, away: ['broker', 'log'] }],
  ])('is in its health: %o is %i', async (given, status, body) => {
    const { health, ask } = await served()
    Object.assign(health, given)
    for (const path of ['/health', '/health/ready']) {
      const answer = await ask('GET', path)
      expect(answer.status).toBe(status)
      expect(answer.json).toEqual(body)
    }
    expect((await ask('GET', '/health/live')).status).toBe(200)
  })

  it('is in its metrics, and it is ready again when all is back', async () => {
    const { health, ask } = await served()
    health.broker = false
    const { text } = await ask('GET', '/metrics')
    expect(text).toContain('\nrollcall_broker_away 1\n')
    expect(text).toContain('\nrollcall_log_away 0\n')
    expect(text).toContain('\nrollcall_nodes 1\n')
    health.broker = true
    expect((await ask('GET', '/health')).json).toEqual({ live: true, ready: true })
  })
})
