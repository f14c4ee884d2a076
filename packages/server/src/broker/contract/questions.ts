import { contractSubjects } from './subjects.ts'
import {
  type Asking,
  bytesOf,
  failureOf,
  fence,
  noise,
  type Suite,
  sameBytes,
  services,
  textOf,
  until,
} from './suite.ts'

const toNode: Asking = {
  serve: (broker, subject, responder) => broker.respond(subject, responder),
  ask: (from, node, subject, bytes, timeoutMs) => from.ask(node, subject, bytes, timeoutMs),
}
const toService: Asking = {
  serve: (broker, subject, responder) => services(broker).provide(subject, responder),
  ask: (from, _node, subject, bytes, timeoutMs) => services(from).request(subject, bytes, timeoutMs),
}
const nothing = new Uint8Array()

/** Questions and their answers, to one node and to a service alike. */
export function questionCases(suite: Suite): void {
  suite.describe('questions to a node', () => cases(suite, toNode, true))
  suite.describe('requests to a service', () => cases(suite, toService, suite.services))
}

function cases({ withNodes, expect, sizes }: Suite, { serve, ask }: Asking, when: boolean): void {
  const test: Suite['withNodes'] = (fact, body) => withNodes(fact, body, when)

  test('come back with the answer', async ({ a, b }) => {
    await serve(b, 'q', (bytes, from) => bytesOf(`${from} said ${textOf(bytes)}`))
    expect(textOf(await ask(a, 'node-b', 'q', bytesOf('hi'), 5000))).toBe('node-a said hi')
  })

  test('may be answered later, and in another order', async ({ a, b }) => {
    const open = new Map<string, (bytes: Uint8Array) => void>()
    await serve(b, 'q', (bytes) => new Promise((resolve) => open.set(textOf(bytes), resolve)))
    const answers = ['1', '2', '3'].map((n) => ask(a, 'node-b', 'q', bytesOf(n), 5000))
    await until(() => open.size === 3)
    for (const n of ['3', '1', '2']) open.get(n)?.(bytesOf(`answer ${n}`))
    expect((await Promise.all(answers)).map(textOf)).toEqual(['answer 1', 'answer 2', 'answer 3'])
  })

  test('may be asked of the asking node itself', async ({ a }) => {
    await serve(a, 'q', (_, from) => bytesOf(from))
    expect(textOf(await ask(a, 'node-a', 'q', nothing, 5000))).toBe('node-a')
  })

  test('fail with NobodyThere, fast, where nobody answers', async ({ a, b }) => {
    await serve(b, 'other', (bytes) => bytes)
    const started = performance.now()
    for (const node of ['node-b', 'node-a', 'nowhere', '', '*', '>'])
      expect(await failureOf(() => ask(a, node, 'q', nothing, 60_000))).toBe('NobodyThere')
    expect(performance.now() - started < 3000).toBe(true)
  })

  test('fail with NobodyThere once the responder has stopped', async ({ a, b }) => {
    const stop = await serve(b, 'q', (bytes) => bytes)
    await ask(a, 'node-b', 'q', nothing, 5000)
    stop()
    stop()
    await fence(b, a)
    expect(await failureOf(() => ask(a, 'node-b', 'q', nothing, 60_000))).toBe('NobodyThere')
  })

  test('fail with BrokerTimeout when no answer comes in time', async ({ a, b }) => {
    await serve(b, 'q', () => new Promise(() => {}))
    expect(await failureOf(() => ask(a, 'node-b', 'q', nothing, 30))).toBe('BrokerTimeout')
  })

  const faults: readonly [how: string, fault: () => Promise<Uint8Array>][] = [
    [
      'throws',
      () => {
        throw new TypeError('secret')
      },
    ],
    [
      'rejects',
      async () => {
        throw new TypeError('secret')
      },
    ],
  ]
  for (const [how, fault] of faults)
    test(`fail with ResponderFailed when the responder ${how}, and tell nothing of why`, async ({ a, b }) => {
      await serve(b, 'q', fault)
      const error = await ask(a, 'node-b', 'q', nothing, 5000).catch((caught: Error) => caught)
      expect(error instanceof Error && [error.name, error.message.includes('secret')]).toEqual([
        'ResponderFailed',
        false,
      ])
    })

  test('carry subjects of any legal content, each apart from the others', async ({ a, b }) => {
    await Promise.all(contractSubjects.map((subject, i) => serve(b, subject, () => bytesOf(String(i)))))
    const answers = contractSubjects.map((subject) => ask(a, 'node-b', subject, nothing, 5000))
    expect((await Promise.all(answers)).map(textOf)).toEqual(contractSubjects.map((_, i) => String(i)))
  })

  for (const size of sizes)
    test(`carry ${size} bytes unchanged, both ways`, async ({ a, b }) => {
      await serve(b, 'q', (bytes) => bytes)
      expect(sameBytes(await ask(a, 'node-b', 'q', noise(size), 5000), noise(size))).toBe(true)
    })
}
