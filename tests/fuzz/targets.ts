import type { IncomingMessage } from 'node:http'
import {
  decodeClient,
  decodeJoined,
  decodePage,
  decodeRoster,
  decodeSent,
  decodeServer,
  fromBase64url,
  isTopic,
  type Payload,
  parseJson,
  RollcallClientSession,
  RollcallServerSession,
  reactionTo,
  serverSessionOptions,
  splitBinary,
  systemClock,
} from '@rollcall/core'
import type { SeededRandom } from '@rollcall/testkit'
import { DEFAULT_LIMITS, type DialectHost, type Handshake, jwt, type Transport, type TransportListener } from 'rollcall'
import { addressReader, handshakeOf, originCheck } from 'rollcall/http'
import type { Language } from '../support/languages.ts'
import { chat } from './chat.ts'
import { headerValue, message } from './inputs.ts'
import { Played } from './played.ts'
import { SERVER_FRAMES } from './server-frames.ts'

/** Something that reads what comes from outside. Throws, or rejects, on what it must not be thrown by. */
export interface Target {
  readonly name: string
  feed(random: SeededRandom): Promise<void> | void
}

/** Every decoder: those of core, the sessions of every language, and what reads headers and tokens. */
export function targets(languages: readonly Language[], seeded: SeededRandom): readonly Target[] {
  const all = languages.flatMap(({ samples }) => samples)
  return [
    ...decoders(all),
    nativeSession(all),
    clientSession(seeded),
    ...languages.flatMap(dialectSession),
    ...headers(),
  ]
}

function textOf(payload: Payload): string {
  return typeof payload === 'string' ? payload : Buffer.from(payload).toString('latin1')
}

function decoders(samples: readonly string[]): Target[] {
  return [
    {
      name: 'decodeClient',
      feed(random) {
        if (typeof decodeClient(message(random, samples)).kind !== 'string') throw new TypeError('no frame')
      },
    },
    {
      name: 'decodeServer',
      feed(random) {
        const frame = decodeServer(message(random, SERVER_FRAMES))
        if (frame.kind !== 'ok') return
        for (const read of [decodeJoined, decodePage, decodeRoster, decodeSent]) {
          try {
            read(frame.result)
          } catch (error) {
            if (!(error instanceof TypeError)) throw error
          }
        }
      },
    },
    {
      name: 'parseJson and names',
      feed(random) {
        const payload = message(random, samples)
        const text = textOf(payload)
        parseJson(text, 64)
        isTopic(text)
        chat.match(text.slice(0, 300))
        fromBase64url(text)
        reactionTo(random.int(-1, 70_000))
        if (typeof payload !== 'string') splitBinary(payload)
      },
    },
  ]
}

/** Some messages to one session, then to the next: it has states. */
function sessions(name: string, open: (random: SeededRandom) => Promise<Feed | null> | Feed | null): Target {
  let current: Feed | null = null
  let left = 0
  return {
    name,
    async feed(random) {
      if (left-- <= 0 || !current || current.closed) {
        left = random.int(1, 30)
        current?.end?.()
        current = await open(random)
      }
      current?.receive(random)
    },
  }
}

interface Feed {
  readonly closed: boolean
  receive(random: SeededRandom): void
  /** The connection is over. */
  end?(): void
}

function nativeSession(samples: readonly string[]): Target {
  return sessions('RollcallServerSession', (random) => {
    const played = new Played(new RollcallServerSession(serverSessionOptions(), random, 0), random)
    if (random.chance(0.8)) played.receive('["hello",{}]')
    return feedOf(played, samples)
  })
}

function feedOf(played: Played, samples: readonly string[]): Feed {
  return {
    get closed() {
      return played.closed
    },
    receive: (chance) => played.receive(message(chance, samples)),
  }
}

function clientSession(seeded: SeededRandom): Target {
  const options = { maxWaiting: 10, maxWaitingBytes: 10_000, maxAttempts: 3, backoff: {}, checkTimeoutMs: 100 }
  return sessions('RollcallClientSession', (random) => {
    const session = new RollcallClientSession(options, seeded)
    session.join('room:a', { presence: {} }, 0)
    session.open(null, 0)
    if (random.chance(0.8)) session.receive(SERVER_FRAMES[0] ?? '', 0)
    if (random.chance(0.6)) session.receive(SERVER_FRAMES[1] ?? '', 0)
    let now = 0
    return {
      closed: false,
      receive(chance) {
        now += chance.int(0, 100)
        const ref = session.nextRef()
        if (chance.chance(0.2))
          session.ask({ kind: 'send', ref, topic: 'room:a', event: 'e', payload: 1, id: null }, now)
        for (const effect of session.receive(message(chance, SERVER_FRAMES), now))
          if (typeof effect.kind !== 'string') throw new TypeError('no effect')
        session.tick(now)
        if (chance.chance(0.02)) session.lost()
      },
    }
  })
}

function dialectSession({ name, dialect, path, protocol, samples }: Language): Target[] {
  if (!dialect) return []
  return [
    sessions(`the session of ${name}`, async (random) => {
      const [pathname = '', query = ''] = path.split('?')
      const target = random.chance(0.7) ? path : `${pathname}?${headerValue(random, [query, 'a=b', 'vsn=1.0.0'])}`
      const handshake: Handshake = {
        url: new URL(target.replace(/#/g, ''), 'http://rollcall.invalid'),
        headers: Object.assign(Object.create(null), protocol && { 'sec-websocket-protocol': protocol }),
        address: '127.0.0.1',
        secure: false,
        transport: 'websocket',
      }
      let played: Played | null = null
      const host: DialectHost = {
        clock: systemClock,
        random,
        limits: DEFAULT_LIMITS,
        contract: chat,
        accept(_transport, session) {
          const made = new Played(session, random)
          played = made
          return { received: (payload) => made.receive(payload), drained() {}, closed() {} }
        },
        identify: async () => ({ id: 'c', data: {}, identity: { user: { id: 'u' } }, anonymous: true }) as never,
        handshake: () => handshake,
        originAllowed: () => true,
        admit: () => 0,
        sessionId: (text) => text,
        report(what, error) {
          throw new Error(what, { cause: error })
        },
      }
      const route = dialect.mount(host).find(({ upgrade }) => upgrade)
      const request = {
        headers: handshake.headers,
        method: 'GET',
        url: target,
        socket: {},
      } as unknown as IncomingMessage
      const verdict = await route?.upgrade?.(handshake, request)
      if (!verdict || 'status' in verdict) return null
      const transport = new DeafTransport()
      const listener: TransportListener = verdict.open(transport)
      return {
        get closed() {
          return transport.closed || played?.closed === true
        },
        receive: (chance) => listener.received(message(chance, samples)),
        end: () => listener.closed(1006, ''),
      }
    }),
  ]
}

class DeafTransport implements Transport {
  readonly bufferedBytes = 0
  closed = false
  write(): void {}
  close(): void {
    this.closed = true
  }
  destroy(): void {
    this.closed = true
  }
  pause(): void {}
  resume(): void {}
}

const ORIGINS = [
  'https://app.example.com',
  'https://*.example.com',
  'null',
  'http://localhost:8210',
  'file://',
  'https://[::1]:80',
]
const ADDRESSES = ['10.0.0.1', '10.0.0.1, 192.168.1.1', '::1', '', 'unknown', '10.0.0.1:80', '[::1]']
const TARGETS = [
  '/rollcall?x=1',
  '//evil/x',
  '/%ff',
  'http://evil/x',
  '/plain/room%3Aa?name=x&presence=%7B%7D',
  '*',
  '',
]
const TOKENS = ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ0eXIifQ.c2lnbmF0dXJl', 'eyJhbGciOiJub25lIn0.e30.', 'a.b.c', '..', '']

function headers(): Target[] {
  const origins = [originCheck('same-host'), originCheck(['https://app.example.com', 'https://*.example.com'])]
  const addresses = [
    addressReader({ header: 'x-forwarded-for' }),
    addressReader({ header: 'x-forwarded-for', proxies: 2 }),
  ]
  const authenticate = jwt({ secret: 'a secret of at least thirty-two bytes', algorithms: ['HS256'] })
  return [
    {
      name: 'origins, addresses and targets',
      feed(random) {
        const request = {
          headers: {
            origin: headerValue(random, ORIGINS),
            host: headerValue(random, ['app.example.com', 'localhost:8210', '[::1]', '']),
            'x-forwarded-for': headerValue(random, ADDRESSES),
          },
          socket: { remoteAddress: '127.0.0.1' },
          url: headerValue(random, TARGETS),
        } as unknown as IncomingMessage
        for (const allowed of origins) if (typeof allowed(request) !== 'boolean') throw new TypeError('no verdict')
        for (const addressOf of addresses) if (addressOf(request).length > 64) throw new TypeError('a long address')
        if (!handshakeOf(request, 'websocket', '').url.href.startsWith('http://rollcall.invalid/'))
          throw new TypeError('a target that leads elsewhere')
      },
    },
    {
      name: 'jwt',
      async feed(random) {
        const handshake = handshakeOf(
          { headers: {}, socket: {}, url: '/' } as unknown as IncomingMessage,
          'websocket',
          '',
        )
        const credentials = random.chance(0.5) ? headerValue(random, TOKENS) : { token: headerValue(random, TOKENS) }
        const answer = await authenticate({ credentials, handshake, dialect: 'rollcall', data: {}, connection: 'c' })
        if (!('allowed' in answer)) throw new TypeError('a forged token was believed')
      },
    },
  ]
}
