import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { memoryBus, Refuse } from '../../src/index.ts'
import { type RoomsApp, roomsApp } from '../support/app.ts'
import { eventually } from '../support/eventually.ts'
import { steadyClock } from '../support/steady-clock.ts'

let bus = memoryBus({ clock: steadyClock })
let apps: RoomsApp[] = []

beforeEach(() => {
  bus = memoryBus({ clock: steadyClock })
  apps = []
})
afterEach(async () => {
  await Promise.all(apps.map((app) => app.close({ timeoutMs: 10 })))
})

function node(name: string | null): RoomsApp {
  const { app } = roomsApp(name === null ? {} : { broker: bus.broker(name), nodes: { beatMs: 20, downMs: 80 } })
  apps.push(app)
  return app
}

describe.each([
  ['on one node without others', null, null],
  ['on the same node among others', 'a', 'a'],
  ['on another node', 'a', 'b'],
])('a service provided %s', (_, provides, asks) => {
  function pair(): [RoomsApp, RoomsApp] {
    const provider = node(provides)
    return [provider, provides === asks ? provider : node(asks)]
  }

  it('answers', async () => {
    const [provider, asker] = pair()
    await provider.provide('sum', (numbers) => (numbers as number[]).reduce((a, b) => a + b, 0))
    expect(await asker.request('sum', [1, 2, 3])).toBe(6)
  })

  it('refuses, fails and does not answer, each in a way to tell apart', async () => {
    const [provider, asker] = pair()
    await provider.provide('moody', async (mood) => {
      if (mood === 'refuse') throw new Refuse('not today', { until: 'tomorrow' })
      if (mood === 'fail') throw new Error('secret detail')
      await new Promise(() => {})
    })
    await expect(asker.request('moody', 'refuse')).rejects.toMatchObject({
      code: 'refused',
      details: { until: 'tomorrow' },
    })
    const failed = await asker.request('moody', 'fail').catch((error: unknown) => error)
    expect(failed).toMatchObject({ code: 'internal' })
    expect(String(failed)).not.toContain('secret detail')
    await expect(asker.request('moody', 'sleep', { timeoutMs: 40 })).rejects.toMatchObject({ code: 'timeout' })
  })

  it('that nobody provides is told at once, also after it was withdrawn', async () => {
    const [provider, asker] = pair()
    const before = steadyClock.now()
    await expect(asker.request('nothing', 1)).rejects.toMatchObject({ code: 'unavailable', details: 'no_provider' })
    const withdraw = await provider.provide('brief', () => 1)
    expect(await asker.request('brief', 1)).toBe(1)
    withdraw()
    await expect(asker.request('brief', 1)).rejects.toMatchObject({ details: 'no_provider' })
    expect(steadyClock.now() - before).toBeLessThan(4_000)
  })

  it('is listed while it is provided', async () => {
    const [provider, asker] = pair()
    const seen: string[][] = []
    asker.observeServices((services) => void seen.push(services.map(({ key }) => key)))
    const withdraw = await provider.provide('sum', () => 0, { meta: { version: 2 } })
    await eventually(() => expect(seen).toEqual([['sum']]))
    expect(await asker.services()).toMatchObject([{ key: 'sum', meta: { version: 2 } }])
    withdraw()
    await eventually(() => expect(seen).toEqual([['sum'], []]))
  })
})

describe('several providers', () => {
  it('answer each request once, and those of a node that dies are gone', async () => {
    const [a, b, c] = [node('a'), node('b'), node('c')]
    const answered: string[] = []
    await a.provide('work', () => void answered.push('a'))
    await b.provide('work', () => void answered.push('b'))
    await eventually(async () => expect((await c.services())[0]?.entries).toHaveLength(2))
    await Promise.all(Array.from({ length: 40 }, () => c.request('work', null)))
    expect(answered).toHaveLength(40)
    expect(new Set(answered)).toEqual(new Set(['a', 'b']))
    await b.close({ timeoutMs: 10 })
    await eventually(async () => expect((await c.services())[0]?.entries).toHaveLength(1))
    await Promise.all(Array.from({ length: 5 }, () => c.request('work', null)))
    expect(answered.slice(40)).toEqual(['a', 'a', 'a', 'a', 'a'])
  })
})
