// Measures broker and log on a nats-server of its own: `npx tsc -b packages/nats && node bench/nats.mjs`.
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { natsBroker, natsLog } from '@rollcall/nats'

const print = (/** @type {string} */ line) => process.stdout.write(`${line}\n`)
const retention = { messages: 1000, ageMs: 3_600_000, bytes: 1 << 28 }
const payload = 'x'.repeat(200)
let keys = 0

/** @param {unknown} content */
const record = (content = payload) => ({ event: 'message', payload: content, from: null, at: Date.now() })
/** @param {number[]} values */
const spread = (values) => {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (/** @type {number} */ share) => (sorted[Math.floor((sorted.length - 1) * share)] ?? 0).toFixed(2)
  return `median ${at(0.5)} ms, p99 ${at(0.99)} ms, max ${at(1)} ms`
}
const pause = (/** @type {number} */ ms) => new Promise((resolve) => setTimeout(resolve, ms))

async function startNats() {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-measure-'))
  const args = ['-a', '127.0.0.1', '-p', '-1', '-js', '-sd', join(folder, 'store'), '--ports_file_dir', folder]
  const server = spawn('nats-server', args, { stdio: 'ignore' })
  for (let i = 0; i < 500; i++) {
    await pause(20)
    const name = readdirSync(folder).find((each) => each.endsWith('.ports'))
    const url = name && JSON.parse(readFileSync(join(folder, name), 'utf8') || '{}').nats?.[0]
    if (!url) continue
    const stop = () => {
      server.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    }
    return { url, stop }
  }
  throw new Error('nats-server did not start')
}

/** @param {string} servers */
async function brokers(servers) {
  const [a, b] = [await natsBroker({ node: 'a', servers }), await natsBroker({ node: 'b', servers })]
  const bytes = new TextEncoder().encode(payload)
  let arrived = (/** @type {number} */ _count) => {}
  let count = 0
  await b.subscribe('room', () => arrived(++count))
  const took = []
  for (let i = 0; i < 2000; i++) {
    const at = performance.now()
    await new Promise((resolve) => {
      arrived = resolve
      a.publish('room', bytes)
    })
    took.push(performance.now() - at)
  }
  print(`broker: publish to delivery on another node, one at a time: ${spread(took)}`)
  count = 0
  const messages = 200_000
  const at = performance.now()
  await new Promise((resolve) => {
    arrived = (got) => got === messages && resolve(undefined)
    let sent = 0
    const send = () => {
      for (let i = 0; i < 500 && sent < messages; i++, sent++) a.publish('room', bytes)
      if (sent < messages) setImmediate(send)
    }
    send()
  })
  print(`broker: ${Math.round((messages / (performance.now() - at)) * 1000)} messages of 200 bytes a second`)
  await b.respond('q', (question) => question)
  const asked = []
  for (let i = 0; i < 2000; i++) {
    const start = performance.now()
    await a.ask('b', 'q', bytes, 1000)
    asked.push(performance.now() - start)
  }
  print(`broker: question and answer: ${spread(asked)}`)
  await Promise.all([a.close(), b.close()])
}

/** @param {string} servers @param {'file' | 'memory'} storage */
async function logs(servers, storage) {
  const open = { servers, storage, stream: `measure-${storage}` }
  const [a, b] = [await natsLog(open), await natsLog(open)]
  let arrived = (/** @type {unknown} */ _message) => {}
  await b.follow('live', { message: (message) => arrived(message), reset: () => {} })
  const took = []
  const accepted = []
  for (let i = 0; i < 2000; i++) {
    const at = performance.now()
    const live = new Promise((resolve) => {
      arrived = () => resolve(performance.now() - at)
    })
    await a.append('live', record(), { retention })
    accepted.push(performance.now() - at)
    took.push(await live)
  }
  print(`log, ${storage}: append to delivery on another node: ${spread(took)}`)
  print(`log, ${storage}: append to accepted: ${spread(accepted)}`)
  for (const [topics, each, keyed] of /** @type {const} */ ([
    [1, 50_000, false],
    [100, 500, false],
    [1000, 50, false],
    [1000, 50, true],
    [10_000, 5, false],
  ])) {
    if (storage === 'memory' && topics > 1) continue
    const running = 200
    const at = performance.now()
    await Promise.all(
      Array.from({ length: topics }, async (_, topic) => {
        const name = `room:${topics}:${keyed}:${topic}`
        for (let i = 0; i < each; i += running)
          await Promise.all(
            Array.from({ length: Math.min(running, each - i) }, () =>
              a.append(name, record(), { retention, ...(keyed && { idempotencyKey: `k${keys++}` }) }),
            ),
          )
      }),
    )
    const rate = Math.round(((topics * each) / (performance.now() - at)) * 1000)
    print(`log, ${storage}: ${rate} appends a second over ${topics} topics${keyed ? ', with keys' : ''}`)
  }
  const one = []
  const at = performance.now()
  await Promise.all(
    Array.from({ length: 500 }, async (_, topic) => {
      if (storage === 'memory') return
      for (let i = 0; i < 50; i++) {
        await a.append(`alone:${topic}`, record(), { retention })
        one.push(i)
      }
    }),
  )
  if (one.length > 0)
    print(
      `log, ${storage}: ${Math.round((one.length / (performance.now() - at)) * 1000)} appends a second, one a block`,
    )
  for (const after of [0, 400, 1900]) {
    const pages = []
    for (let i = 0; i < 50; i++) {
      const start = performance.now()
      const { messages } = await b.readAfter('live', after, 100)
      if (i > 4) pages.push(performance.now() - start)
      if (i === 0 && after > 1000) print(`  (${messages.length} messages)`)
    }
    print(`log, ${storage}: a page of 100 messages after ${after} of 2000: ${spread(pages)}`)
  }
  await Promise.all([a.close(), b.close()])
}

const nats = await startNats()
try {
  await brokers(nats.url)
  await logs(nats.url, 'file')
  await logs(nats.url, 'memory')
} finally {
  nats.stop()
}
