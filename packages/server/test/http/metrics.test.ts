import { expect, test } from 'vitest'
import { WebSocket } from 'ws'
import { serve } from './support.ts'

/** The samples of a page of metrics, by name and labels. */
function samples(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  )
}

test('counts connections by dialect, messages, deliveries, refusals and closes', async () => {
  const { app, url, ask, join } = await serve()
  const tyr = await join('room:a', 'tyr')
  await join('room:a', 'bob')
  const mute = new WebSocket(`${url.replace('http', 'ws')}/rollcall`, ['rollcall.v1'])
  await new Promise((resolve) => mute.once('open', resolve))
  mute.send('nonsense')
  await new Promise((resolve) => mute.once('close', resolve))
  await app.channel('room:a').emit('message', 'hi')
  await app.channel('room:nobody').emit('message', 'hi')
  await join('nothing:here', 'eve')
  await tyr.until(() => tyr.of('message').length === 1)

  const answer = await ask('GET', '/metrics')
  expect(answer.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/)
  const found = samples(answer.text)
  const expected = {
    'rollcall_connections{dialect="rollcall"}': 3,
    rollcall_channels: 1,
    rollcall_emitted_total: 2,
    rollcall_deliveries_total: 2,
    'rollcall_refusals_total{code="unknown_topic"}': 1,
    'rollcall_closes_total{code="4400"}': 1,
    'rollcall_slow_total{effect="behind"}': 0,
    rollcall_handshakes_refused_total: 0,
  }
  for (const [name, value] of Object.entries(expected)) expect([name, found.get(name)]).toEqual([name, value])
  expect(found.get('process_resident_memory_bytes')).toBeGreaterThan(1_000_000)
})

test('requests are counted by route, so that paths do not multiply', async () => {
  const { ask } = await serve()
  for (const topic of ['a', 'b', 'c']) await ask('GET', `/topics/room:${topic}/count`)
  await ask('GET', '/nothing')
  await ask('GET', '/stats', undefined, {})
  const found = samples((await ask('GET', '/metrics')).text)
  const requests = [...found].filter(([name]) => name.startsWith('rollcall_api_requests_total'))
  expect(Object.fromEntries(requests)).toEqual({
    'rollcall_api_requests_total{method="GET",route="/api/v1/topics/:topic/count",status="200"}': 3,
    'rollcall_api_requests_total{method="GET",route="/api/v1/*",status="404"}': 1,
    'rollcall_api_requests_total{method="GET",route="/api/v1/stats",status="401"}': 1,
  })
})

test('figures are of one server, also with another one in the process', async () => {
  const [one, other] = [await serve(), await serve()]
  await one.app.channel('room:a').emit('message', 'hi')
  expect(samples((await one.ask('GET', '/metrics')).text).get('rollcall_emitted_total')).toBe(1)
  expect(samples((await other.ask('GET', '/metrics')).text).get('rollcall_emitted_total')).toBe(0)
})
