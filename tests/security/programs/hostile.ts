import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { more, ping, text } from '../../support/frames.ts'
import { RawSocket } from '../../support/raw-socket.ts'

// One hostile client, in a process of its own: `node hostile.mjs <attack> <url> <topic> <address>`, where others are in that topic and,
// for the benchmark, in those of the same kind that end in numbers. It is one connection at a time; when it is closed it
// comes back at once. Prints how often.

const [attack = '', url = '', topic = 'room:a', address = '203.0.113.9'] = process.argv.slice(2)
const kind = topic.slice(0, topic.indexOf(':'))
const CHUNK = 65_536

const repeated = (make: (i: number) => Uint8Array): Buffer => {
  const parts: Uint8Array[] = []
  for (let i = 0, size = 0; size < CHUNK; i++) {
    const part = make(i)
    parts.push(part)
    size += part.length
  }
  return Buffer.concat(parts)
}

let ref = 100
const say = (...frame: unknown[]) => text(JSON.stringify(frame))
const nested = `${'['.repeat(60)}${']'.repeat(60)}`

// An address of its own, as a proxy would say it: those of this machine are trusted more.
const headers = { 'sec-websocket-protocol': 'rollcall.v1', 'x-forwarded-for': address }

/** What is sent, again and again, after a hello and a join. */
const attacks: Readonly<Record<string, () => Buffer>> = {
  pings: () => repeated(() => ping('x'.repeat(125))),
  joins: () => repeated((i) => say(i % 2 ? 'leave' : 'join', ++ref, `${kind}:x${i >> 1}`)),
  // The same, whether or not it is told to go.
  stubborn: () => attacks['joins']?.() ?? Buffer.alloc(0),
  presence: () => repeated((i) => say('track', ++ref, topic, { name: `hostile ${i}` })),
  // Objects of many keys, deep lists and escapes: the slowest JSON of that size.
  json: () => {
    const keys = Array.from({ length: 4_000 }, (_, i) => `"k${i}":0`).join()
    const kinds = [
      `{${keys}}`,
      `[${Array.from({ length: 400 }, () => nested).join()}]`,
      `"${'\\u00e9'.repeat(10_500)}"`,
    ]
    return Buffer.concat(kinds.map((payload) => text(`["send",${++ref},"${topic}","message",${payload}]`)))
  },
  fragments: () =>
    Buffer.concat([
      text('[', { fin: false }),
      ...Array.from({ length: 1_000 }, () => more('', { fin: false })),
      more(''),
    ]),
  trickle: () => repeated(() => more(' ', { fin: false })),
  // It hears itself, beside all others.
  deaf: () => say('send', ++ref, `${kind}:deaf`, 'message', 'x'.repeat(9_000)),
  handshakes: () => Buffer.alloc(0),
  // For comparison: the same pains, while nobody suffers from them.
  elsewhere: () => Buffer.alloc(0),
}

const make = attacks[attack]
if (!make) throw new TypeError(`no attack "${attack}"`)

const target = attack === 'elsewhere' ? await somebodyElse() : url

/** A server in this process that refuses everybody. */
async function somebodyElse(): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () =>
      socket.end('HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\nConnection: close\r\n\r\n'),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
}

let connections = 0
process.on('SIGTERM', () => {
  console.log(`came ${connections} times`)
  process.exit(0)
})
console.log('attacking')

for (;;) {
  connections++
  const raw = await RawSocket.open(`${target}/rollcall`, { headers }).catch(() => null)
  if (!raw) {
    await new Promise((resolve) => setTimeout(resolve, 10))
    continue
  }
  raw.write(Buffer.concat([say('hello', {}), say('join', 1, topic, { presence: { name: 'hostile' } })]))
  if (attack === 'deaf') {
    const everywhere = ['deaf', ...Array.from({ length: 126 }, (_, i) => String(i + 1))]
    raw.write(Buffer.concat(everywhere.map((name) => say('join', ++ref, `${kind}:${name}`))))
    raw.socket.pause()
  }
  if (attack === 'trickle') raw.write(text('a', { fin: false }))
  const toldToGo = () => attack !== 'stubborn' && (raw.ended || raw.closeCode !== undefined)
  while (attack !== 'handshakes' && !toldToGo() && !raw.socket.destroyed) {
    raw.frames.length = 0
    const full = raw.socket.writableLength >= 4 * CHUNK
    if (!full) raw.write(make())
    // A client that spins would take its time from the server's processor, not from the server.
    await new Promise((resolve) => setTimeout(resolve, full ? 5 : 0))
  }
  raw.destroy()
}
