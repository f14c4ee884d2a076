import { Frame, Run, type TransportListener } from 'rollcall'
import { brokerContract } from 'rollcall/broker/contract'
import { beforeEach, describe, expect, it } from 'vitest'
import {
  type ManualClock,
  manualClock,
  type Network,
  type NetworkOptions,
  network,
  seededRandom,
} from '../src/index.ts'
import type { ServerTransport } from '../src/network/server-transport.ts'
import { promptClock } from './prompt-clock.ts'

const kind = { offset: 0, volatile: false, key: null, roster: false }

/** A server's end, and what came out of it. */
class ServerEnd implements TransportListener {
  readonly transport: ServerTransport
  readonly got: unknown[] = []
  drains = 0
  closedWith: [number, string] | null = null

  constructor(transport: ServerTransport) {
    this.transport = transport
  }
  received(payload: unknown): void {
    this.got.push(payload)
  }
  drained(): void {
    this.drains++
  }
  closed(code: number, reason: string): void {
    this.closedWith = [code, reason]
  }
  say(...payloads: (string | Uint8Array)[]): void {
    this.transport.write(new Run(payloads.map((payload) => new Frame(payload, kind))))
  }
}

/** A client's end. */
class ClientEnd {
  readonly got: unknown[] = []
  readonly socket
  opened = false
  closedWith: [number, string] | null = null

  constructor(name: string, url = 'ws://any/x?y') {
    this.socket = net.webSocket(name)(url, ['rollcall.v1']) as ReturnType<ReturnType<Network['webSocket']>> & object
    const socket = this.socket as unknown as Record<
      string,
      (event: { data: unknown; code: number; reason: string }) => void
    >
    socket['onopen'] = () => {
      this.opened = true
    }
    socket['onmessage'] = ({ data }) => {
      this.got.push(data)
    }
    socket['onclose'] = ({ code, reason }) => {
      this.closedWith = [code, reason]
    }
  }
  say(...payloads: (string | Uint8Array<ArrayBuffer>)[]): void {
    for (const payload of payloads) (this.socket as { send(payload: unknown): void }).send(payload)
  }
  close(code?: number, reason?: string): void {
    ;(this.socket as { close(code?: number, reason?: string): void }).close(code, reason)
  }
}

let clock: ManualClock
let net: Network
let servers: ServerEnd[]

function make(options: Partial<NetworkOptions> = {}): void {
  clock = manualClock({ startMs: 0 })
  net = network({ clock, random: seededRandom(1), ...options })
  servers = []
}

function listen(node: string) {
  return net.listen(node, (transport) => {
    const end = new ServerEnd(transport)
    servers.push(end)
    return end
  })
}

async function joined(client = 'anna'): Promise<[ClientEnd, ServerEnd]> {
  const end = new ClientEnd(client)
  await clock.advance(200)
  return [end, servers.at(-1)!]
}

beforeEach(() => make())

describe('a connection', () => {
  it('is there after the way to the node and back', async () => {
    let shaken: unknown
    net.listen('n', (transport, handshake) => {
      shaken = handshake
      return new ServerEnd(transport)
    })
    const client = new ClientEnd('anna')
    await clock.advance(9)
    expect([client.opened, shaken === undefined]).toEqual([false, false])
    await clock.advance(1)
    expect(client.opened).toBe(true)
    expect(shaken).toMatchObject({ address: 'anna', secure: false, transport: 'memory', url: new URL('ws://any/x?y') })
    expect(net.counters).toMatchObject({ dialled: 1, opened: 1, refused: 0 })
  })

  it('carries text and bytes both ways, whole and in order, whatever the jitter', async () => {
    make({ conditions: { jitterMs: 100 } })
    listen('n')
    const [client, server] = await joined()
    const bytes = Uint8Array.of(0, 255, 128)
    const texts = Array.from({ length: 50 }, (_, i) => `${i}\u0000\ud83d\ude00`)
    client.say(...texts, bytes)
    // What was sent is the receiver's: what the sender does to its buffer afterwards changes nothing.
    bytes.fill(1)
    server.say(...texts, Uint8Array.of(7))
    await clock.advance(1_000)
    expect(server.got).toEqual([...texts, Uint8Array.of(0, 255, 128)])
    expect(client.got.slice(0, -1)).toEqual(texts)
    expect(new Uint8Array(client.got.at(-1) as ArrayBuffer)).toEqual(Uint8Array.of(7))
  })

  it('ends with the code and reason of whoever closes it, behind what was written before', async () => {
    listen('n')
    const [anna, first] = await joined('anna')
    first.say('last')
    first.transport.close(4001, 'slow')
    first.transport.close(4000, 'again')
    first.say('too late')
    await clock.advance(100)
    expect([anna.got, anna.closedWith, first.closedWith]).toEqual([['last'], [4001, 'slow'], [4001, 'slow']])
    const [ben, second] = await joined('ben')
    ben.say('bye')
    ben.close(1000, 'done')
    ben.close()
    ben.say('too late')
    await clock.advance(100)
    expect([second.got, second.closedWith, ben.closedWith]).toEqual([['bye'], [1000, 'done'], [1000, 'done']])
    expect(net.link('ben').connections).toBe(0)
  })

  it('that is destroyed is lost for the client, and closing it is nothing more', async () => {
    listen('n')
    const [client, server] = await joined()
    server.say('on its way')
    server.transport.destroy()
    server.transport.destroy()
    server.transport.close(1000, '')
    await clock.advance(20)
    expect([client.got, client.closedWith, server.closedWith]).toEqual([[], [1006, ''], [1006, '']])
    await clock.advance(10_000)
  })

  it('is refused where nobody listens, and while the link refuses', async () => {
    const nowhere = new ClientEnd('anna')
    await clock.advance(100)
    expect(nowhere.closedWith).toEqual([1006, ''])
    const unlisten = listen('n')
    const undo = net.link('anna').refuse()
    const refused = new ClientEnd('anna')
    await clock.advance(100)
    expect([refused.closedWith, servers]).toEqual([[1006, ''], []])
    undo()
    undo()
    expect((await joined())[0].opened).toBe(true)
    unlisten()
    expect((await joined('ben'))[0].opened).toBe(false)
  })

  it('goes to the node that its url names, or to any', async () => {
    listen('a')
    listen('b')
    for (const name of ['c0', 'c1', 'c2']) new ClientEnd(name, 'ws://b/')
    await clock.advance(100)
    expect(net.counters.opened).toBe(3)
    const seen = new Set<string>()
    net.observe(({ node }) => seen.add(node))
    for (let i = 0; i < 20; i++) new ClientEnd(`d${i}`, 'http://cluster')
    await clock.advance(100)
    net.crash('b')
    await clock.advance(100)
    expect([...seen]).toEqual(['b'])
    expect(() => listen('a')).toThrow('listens already')
  })
})

describe('a reader that is slow', () => {
  it('fills the window, lets the rest wait at the sender, and frees it as it reads', async () => {
    make({ conditions: { windowBytes: 1_000, delayMs: 1 } })
    listen('n')
    const [client, server] = await joined()
    const undo = net.link('anna').slowReader(0)
    const text = 'x'.repeat(98)
    for (let i = 0; i < 30; i++) server.say(`${text}${i % 10}`)
    await clock.advance(1_000)
    expect(client.got).toEqual([])
    // With their heads, frames of 101 bytes: ten begin within the window.
    expect(server.transport.bufferedBytes).toBe(20 * 101)
    expect(server.drains).toBe(0)
    undo()
    await clock.advance(1_000)
    expect([client.got.length, server.transport.bufferedBytes, server.drains]).toEqual([30, 0, 1])
  })

  it('reads so many bytes a second', async () => {
    listen('n')
    const [client, server] = await joined()
    net.link('anna').slowReader(1_000)
    for (let i = 0; i < 10; i++) server.say('x'.repeat(98))
    await clock.advance(500)
    expect(client.got.length).toBeGreaterThanOrEqual(4)
    expect(client.got.length).toBeLessThanOrEqual(6)
    await clock.advance(1_000)
    expect(client.got).toHaveLength(10)
    // What the client says is not slower for it.
    client.say('quick')
    await clock.advance(5)
    expect(server.got).toEqual(['quick'])
  })

  it('may be the server', async () => {
    make({ conditions: { windowBytes: 100 } })
    listen('n')
    const [client, server] = await joined()
    server.transport.pause()
    for (let i = 0; i < 10; i++) client.say(`${i}`.repeat(50))
    await clock.advance(1_000)
    expect(server.got).toEqual([])
    server.transport.resume()
    await clock.advance(1_000)
    expect(server.got).toHaveLength(10)
  })
})

describe('a link', () => {
  beforeEach(() => void listen('n'))

  it('that is cut loses what is on its way, and both sides learn of it', async () => {
    const [client, server] = await joined()
    client.say('lost')
    server.say('lost')
    expect(net.link('anna').cut()).toBe(1)
    await clock.advance(100)
    expect([client.got, server.got, client.closedWith, server.closedWith]).toEqual([[], [], [1006, ''], [1006, '']])
    expect(net.link('anna').cut()).toBe(0)
  })

  it('that is stalled holds everything, and loses nothing', async () => {
    const [client, server] = await joined()
    const [up, both] = [net.link('anna').stall('up'), net.link('anna').stall()]
    client.say('1', '2')
    server.say('a', 'b')
    await clock.advance(10_000)
    expect([client.got, server.got]).toEqual([[], []])
    both()
    both()
    client.say('3')
    server.say('c')
    await clock.advance(10)
    expect([client.got, server.got]).toEqual([['a', 'b', 'c'], []])
    up()
    await clock.advance(10)
    expect(server.got).toEqual(['1', '2', '3'])
  })

  it('keeps the order of what it held, also towards a machine that slept when it was released', async () => {
    const [client, server] = await joined()
    const undo = net.link('anna').stall()
    client.say('1')
    await clock.advance(10)
    net.host('n').sleep()
    client.say('2')
    await clock.advance(10)
    undo()
    client.say('3')
    await clock.advance(10)
    net.host('n').wake()
    await clock.advance(10)
    expect(server.got).toEqual(['1', '2', '3'])
  })

  it('that is stalled lets new connections wait, too', async () => {
    const undo = net.link('anna').stall()
    const client = new ClientEnd('anna')
    await clock.advance(1_000)
    expect([client.opened, servers]).toEqual([false, []])
    undo()
    await clock.advance(10)
    expect(client.opened).toBe(true)
  })

  it.each([
    ['client', null, [1006, '']],
    ['server', [1006, ''], null],
    ['both', null, null],
  ] as const)('that is half open is there for those who believe in it: %s', async (believes, atClient, atServer) => {
    const [client, server] = await joined()
    expect(net.link('anna').halfOpen(believes)).toBe(1)
    client.say('into the void')
    server.say('into the void')
    await clock.advance(100_000)
    expect([client.closedWith, server.closedWith]).toEqual([atClient, atServer])
    expect([client.got, server.got]).toEqual([[], []])
  })

  it('changes its conditions at any time, each direction for itself', async () => {
    const [client, server] = await joined()
    net.link('anna').set({ delayMs: 1_000 }, 'up')
    client.say('slow')
    server.say('quick')
    await clock.advance(100)
    expect([client.got, server.got]).toEqual([['quick'], []])
    await clock.advance(900)
    expect(server.got).toEqual(['slow'])
    expect(() => net.link('anna').set({ delayMs: -1 })).toThrow('delayMs must be a number from 0')
    expect(() => net.link('anna').set({ windowBytes: Number.NaN })).toThrow(RangeError)
  })

  it('harms nobody else', async () => {
    const [anna] = await joined('anna')
    const [ben, server] = await joined('ben')
    net.link('anna').cut()
    net.link('anna').stall()
    ben.say('hello')
    await clock.advance(10)
    expect([server.got, ben.closedWith, anna.closedWith]).toEqual([['hello'], null, null])
  })
})

describe('machines', () => {
  it('that are parted do not hear each other until they are joined again', async () => {
    listen('a')
    const [anna, server] = await joined('anna')
    const [ben, other] = await joined('ben')
    const heal = net.partition(['anna'], ['a'])
    anna.say('1')
    ben.say('2')
    const late = new ClientEnd('anna', 'ws://a/')
    await clock.advance(10_000)
    expect([server.got, other.got, late.opened]).toEqual([[], ['2'], false])
    heal()
    await clock.advance(100)
    expect([server.got, late.opened]).toEqual([['1'], true])
  })

  it('that crash tell their peers, or do not, and hear nothing any more', async () => {
    listen('a')
    const [anna, server] = await joined('anna')
    net.crash('a')
    anna.say('too late')
    await clock.advance(100)
    expect([anna.closedWith, server.closedWith, server.got]).toEqual([[1006, ''], null, []])
    listen('a')
    const [ben] = await joined('ben')
    net.crash('a', 'silent')
    await clock.advance(100_000)
    expect(ben.closedWith).toBeNull()
  })

  it('of clients crash as well', async () => {
    listen('a')
    const [, server] = await joined('anna')
    net.crash('anna')
    const [, other] = await joined('ben')
    net.crash('ben', 'silent')
    await clock.advance(100_000)
    expect([server.closedWith, other.closedWith]).toEqual([[1006, ''], null])
  })

  it('that sleep get everything when they wake', async () => {
    listen('a')
    const [client, server] = await joined()
    net.host('a').sleep()
    client.say('1', '2')
    await clock.advance(10_000)
    expect(server.got).toEqual([])
    net.host('a').wake()
    await clock.advance(10)
    expect(server.got).toEqual(['1', '2'])
  })
})

describe('what passes', () => {
  it('is seen at the client: every message, and the two ends of each connection', async () => {
    listen('a')
    const seen: string[] = []
    const undo = net.observe((event) => {
      const what = event.kind === 'message' ? `${event.direction} ${event.payload}` : event.kind
      seen.push(`${event.client} ${event.node} ${event.connection} ${what}`)
    })
    const [client, server] = await joined()
    client.say('hi')
    server.say('ho')
    await clock.advance(10)
    client.close()
    await clock.advance(100)
    expect(seen).toEqual(['anna a 1 up hi', 'anna a 1 down ho', 'anna a 1 ended', 'anna a 1 dropped'])
    undo()
    await joined()
    expect(seen).toHaveLength(4)
  })
})

brokerContract(
  'the bus of a network',
  () => {
    const bus = network({ clock: promptClock, random: seededRandom(1), bus: { delayMs: 0.5, jitterMs: 1 } })
    return { broker: (node) => bus.broker(node) }
  },
  { describe, it, expect },
)

describe('the bus between nodes', () => {
  const heard: number[] = []
  const publish = async (count: number) => {
    const [a, b] = [net.broker('a'), net.broker('b')]
    heard.length = 0
    await b.subscribe('s', (bytes) => heard.push(bytes[0] ?? 0))
    for (let i = 0; i < count; i++) a.publish('s', Uint8Array.of(i))
    await clock.advance(1_000)
  }

  it('loses a share', async () => {
    make({ bus: { drop: 0.3 } })
    await publish(200)
    expect(heard.length).toBeGreaterThan(100)
    expect(heard.length).toBeLessThan(180)
    expect(net.counters.busDropped).toBe(200 - heard.length)
  })

  it('delivers a share twice', async () => {
    make({ bus: { duplicate: 0.3 } })
    await publish(200)
    expect(heard).toHaveLength(200 + net.counters.busDuplicated)
    expect(new Set(heard).size).toBe(200)
  })

  it('lets a share be overtaken', async () => {
    make({ bus: { reorder: 0.3, jitterMs: 10 } })
    await publish(200)
    expect(net.counters.busReordered).toBeGreaterThan(30)
    expect(heard).not.toEqual([...heard].sort((a, b) => a - b))
    expect(new Set(heard).size).toBe(200)
  })

  it('keeps the order of each pair otherwise, whatever the jitter', async () => {
    make({ bus: { jitterMs: 50 } })
    await publish(200)
    expect(heard).toEqual(Array.from({ length: 200 }, (_, i) => i))
  })

  it('carries nothing between nodes that are parted, and gives each life of a node its own id', async () => {
    const heal = net.partition(['a'], ['b'])
    await publish(3)
    expect([heard, net.counters.busDropped]).toEqual([[], 3])
    heal()
    net.crash('a')
    net.crash('b')
    net.setBus({ delayMs: 5 })
    await publish(3)
    expect(heard).toEqual([0, 1, 2])
    const ids = [net.broker('c').node, net.broker('d').node]
    net.crash('c')
    ids.push(net.broker('c').node)
    expect(new Set(ids).size).toBe(3)
  })
})
