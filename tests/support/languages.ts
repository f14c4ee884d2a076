import type { Dialect } from 'rollcall'

/** A wire language as it is mounted by default, for suites that ask the same of each. */
export interface Language {
  readonly name: string
  /** Null for the server's own. */
  readonly dialect: Dialect | null
  /** Where a WebSocket of it is opened. */
  readonly path: string
  /** A subprotocol that has to be offered. */
  readonly protocol?: string
  /** Valid messages, for a generator to break. */
  readonly samples: readonly string[]
}

const NATIVE: Language = {
  name: 'rollcall',
  dialect: null,
  path: '/rollcall',
  protocol: 'rollcall.v1',
  samples: [
    '["hello",{"credentials":{"token":"t0ken"},"resume":"pZ2v1N8s0Wq7yJ4kXb3c5g"}]',
    '["refresh",1,{"token":"t1ken"}]',
    '["join",2,"room:a",{"input":{"key":"x"},"presence":{"name":"Tyr"},"position":["aB3",41],"roster":["kQ9",7]}]',
    '["join",3,"log:a",{"last":50}]',
    '["leave",4,"room:a"]',
    '["send",5,"room:a","message","hi, this is Tyr","m-1"]',
    '["call",6,"room:a","double",21]',
    '["track",7,"room:a",{"name":"Tyr"}]',
    '["untrack",8,"room:a"]',
    '["history",9,"log:a",{"before":41,"limit":50}]',
    '["roster",10,"room:a",{"since":["kQ9",7]}]',
    '["ping",11]',
    '["pong"]',
  ],
}

/** How each dialect is found: by its subpath and its function. One that is not there (yet) is left out, and named. */
const DIALECTS = [
  {
    name: 'plain',
    load: async () => (await import('@rollcall/dialects/plain')).plain(),
    path: '/plain/room:a',
    samples: ['hi', '', '{"n":1}', '[]'],
  },
  {
    name: 'phoenix',
    load: async () => (await import('@rollcall/dialects/phoenix')).phoenix(),
    path: '/socket/websocket?vsn=2.0.0',
    samples: [
      '["1","1","room:a","phx_join",{"name":"Tyr"}]',
      '["1","2","room:a","message","hi"]',
      '["1","3","room:a","phx_leave",{}]',
      '[null,"4","phoenix","heartbeat",{}]',
    ],
  },
  {
    name: 'socket.io',
    load: async () => (await import('@rollcall/dialects/socket.io')).socketIo(),
    path: '/socket.io/?EIO=4&transport=websocket',
    samples: [
      '40',
      '40/room:a,{"token":"t"}',
      '42["message","hi"]',
      '42/room:a,1["message","hi"]',
      '451-["file",{"_placeholder":true,"num":0}]',
      '43/room:a,1["ok"]',
      '41/room:a,',
      '2probe',
      '3',
      '5',
    ],
  },
] as const

/** Every language that is there, and why others are not. */
export async function languages(): Promise<{
  readonly here: readonly Language[]
  readonly missing: readonly string[]
}> {
  const here: Language[] = [NATIVE]
  const missing: string[] = []
  for (const { load, ...language } of DIALECTS) {
    try {
      here.push({ ...language, dialect: await load() })
    } catch (error) {
      missing.push(`${language.name}: ${(error as Error).message}`)
    }
  }
  return { here, missing }
}
