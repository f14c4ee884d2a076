import { describe, expect, it } from 'vitest'
import { logContract } from '../../src/log/contract.ts'
import type { Appended, Log, LogListener, LogMessage, LogRecord } from '../../src/log/log.ts'
import { memoryLog } from '../../src/log/memory.ts'
import { HandClock, seededRandom } from './hand-clock.ts'

// The suite must find what is wrong with a log: each of these is right but for one thing.

type Sabotage = (log: Log, clock: HandClock) => Partial<Log>

/** Runs the suite on a log made wrong; answers the facts that do not hold. */
async function failuresOf(sabotage: Sabotage): Promise<string[]> {
  const cases: { fact: string; body: () => Promise<void> }[] = []
  let group = ''
  const runner = {
    describe: (name: string, body: () => void) => {
      group = name
      body()
    },
    it: Object.assign(
      (fact: string, body: () => Promise<void>) => {
        cases.push({ fact: `${group}: ${fact}`, body })
      },
      { skip: () => {} },
    ),
    expect,
  }
  logContract(
    'log',
    ({ idempotencyWindowMs }) => {
      const clock = new HandClock()
      const right = memoryLog({ clock, random: seededRandom(), idempotencyWindowMs })
      const log: Log = {
        append: (...args) => right.append(...args),
        readAfter: (...args) => right.readAfter(...args),
        readBefore: (...args) => right.readBefore(...args),
        top: (...args) => right.top(...args),
        follow: (...args) => right.follow(...args),
        close: () => right.close(),
        ...sabotage(right, clock),
      }
      return { log, elapse: (ms) => clock.advance(ms) }
    },
    runner,
  )
  const failures: string[] = []
  for (const { fact, body } of cases) await body().catch(() => failures.push(fact))
  return failures
}

const map = (messages: readonly LogMessage[], payload: (each: unknown) => unknown) =>
  messages.map((each) => ({ ...each, payload: payload(each.payload) }))
const throughUtf8 = (value: unknown) =>
  typeof value === 'string' ? new TextDecoder().decode(new TextEncoder().encode(value)) : value
const throughAssign = (value: unknown) =>
  typeof value === 'object' && value !== null && '__proto__' in value && Object.hasOwn(value, '__proto__')
    ? Object.assign({}, value)
    : value

const sabotages: readonly [what: string, sabotage: Sabotage, found: RegExp][] = [
  [
    'counts from 0',
    (log) => ({
      append: async (...args) => {
        const { position, duplicate } = await log.append(...args)
        return { position: { ...position, offset: position.offset - 1 }, duplicate }
      },
    }),
    /rise by one from 1/,
  ],
  [
    'has an epoch for each read',
    (log) => {
      let reads = 0
      return { readAfter: async (...args) => ({ ...(await log.readAfter(...args)), epoch: `e${reads++}` }) }
    },
    /rise by one from 1/,
  ],
  [
    'mixes topics that differ in case',
    (log) => onTopics(log, (topic) => topic.toLowerCase()),
    /may be called "Room:1"/,
  ],
  ['mixes topics that normalize alike', (log) => onTopics(log, (topic) => topic.normalize()), /may be called "caf/],
  ['cuts long topic names', (log) => onTopics(log, (topic) => topic.slice(0, 200)), /may be called "x{254}y"/],
  [
    'reads one too few',
    (log) => ({ readAfter: (topic, after, limit) => log.readAfter(topic, after, limit - 1) }),
    /readAfter\(0, 3\)/,
  ],
  [
    'reads from the message itself',
    (log) => ({ readAfter: (topic, after, limit) => log.readAfter(topic, after - 1, limit) }),
    /readAfter\(3, 2\)/,
  ],
  [
    'answers the oldest for the newest before',
    (log) => ({
      readBefore: async (topic, before, limit) => {
        const { messages, ...ends } = await log.readAfter(topic, 0, 1_000)
        return { ...ends, messages: messages.filter(({ offset }) => offset < before).slice(0, limit) }
      },
    }),
    /readBefore\(8, 3\)/,
  ],
  [
    'forgets what a lone surrogate is',
    (log) => ({
      readAfter: async (...args) => {
        const found = await log.readAfter(...args)
        return { ...found, messages: map(found.messages, throughUtf8) }
      },
    }),
    /a lone high surrogate/,
  ],
  [
    'loses a name __proto__',
    (log) => ({
      readAfter: async (...args) => {
        const found = await log.readAfter(...args)
        return { ...found, messages: map(found.messages, throughAssign) }
      },
    }),
    /a name __proto__/,
  ],
  [
    'keeps one message too many',
    (log) => retaining(log, (each) => ({ ...each, messages: each.messages + 1 })),
    /the newest messages stay/,
  ],
  ['keeps aged messages', (log) => retaining(log, (each) => ({ ...each, ageMs: 1e12 })), /aged messages go/],
  ['has no bound of bytes', (log) => retaining(log, (each) => ({ ...each, bytes: 1e12 })), /bytes trim the oldest/],
  [
    'feeds the newest message to who begins to follow',
    (log) => ({
      follow: async (topic, listener) => {
        const following = await log.follow(topic, listener)
        const newest = await log.readBefore(topic, Number.MAX_SAFE_INTEGER, 1)
        for (const message of newest.messages) listener.message(message, newest.epoch)
        return following
      },
    }),
    /begins at the end/,
  ],
  [
    'feeds twice',
    (log) => ({
      follow: (topic, listener) =>
        log.follow(
          topic,
          onMessages(listener, (hear) => [hear(), hear()]),
        ),
    }),
    /misses and repeats nothing/,
  ],
  [
    'feeds every other message',
    (log) => ({
      follow: (topic, listener) => {
        let count = 0
        return log.follow(
          topic,
          onMessages(listener, (hear) => count++ % 2 === 0 && hear()),
        )
      },
    }),
    /misses and repeats nothing/,
  ],
  [
    'goes on feeding after stop',
    (log) => ({
      follow: async (topic, listener) => ({ ...(await log.follow(topic, listener)), stop: () => {} }),
    }),
    /a stopped feed is silent/,
  ],
  [
    'lets a listener break an append',
    (log) => {
      const listeners = new Map<string, LogListener>()
      return {
        follow: async (topic, listener) => {
          const position = await log.top(topic)
          listeners.set(topic, listener)
          return { position, stop: () => listeners.delete(topic) }
        },
        append: async (topic, record, options) => {
          const appended = await log.append(topic, record, options)
          const message = { offset: appended.position.offset, ...record }
          listeners.get(topic)?.message(message, appended.position.epoch)
          return appended
        },
      }
    },
    /a listener that throws/,
  ],
  [
    'forgets keys',
    (log) => ({ append: (topic, record, { retention }) => log.append(topic, record, { retention }) }),
    /a key seen within the window/,
  ],
  [
    'prolongs keys',
    (log, clock) => {
      const seen = new Map<string, { until: number; appended: Appended }>()
      return {
        append: async (topic, record, { retention, idempotencyKey }) => {
          const known = idempotencyKey === undefined ? undefined : seen.get(topic + idempotencyKey)
          if (known && known.until > clock.now()) {
            known.until = clock.now() + 2_000
            return { ...known.appended, duplicate: true }
          }
          const appended = await log.append(topic, record, { retention })
          if (idempotencyKey !== undefined) seen.set(topic + idempotencyKey, { until: clock.now() + 2_000, appended })
          return appended
        },
      }
    },
    /retries do not prolong/,
  ],
  [
    'has one set of keys for all topics',
    (log) => {
      const seen = new Map<string, Appended>()
      return {
        append: async (topic, record, options) => {
          const known = seen.get(options.idempotencyKey ?? '')
          if (known) return { ...known, duplicate: true }
          const appended = await log.append(topic, record, options)
          if (options.idempotencyKey) seen.set(options.idempotencyKey, appended)
          return appended
        },
      }
    },
    /a key of one topic/,
  ],
  [
    'throws after close',
    (log) => {
      let isClosed = false
      return {
        close: async () => {
          isClosed = true
        },
        append: (...args) => {
          if (isClosed) throw new Error('closed')
          return log.append(...args)
        },
      }
    },
    /after close everything/,
  ],
  ['accepts after close', () => ({ close: async () => {} }), /after close everything/],
]

describe('the contract of logs', () => {
  it('holds for a log that is right', async () => {
    expect(await failuresOf(() => ({}))).toEqual([])
  })

  it.each(sabotages)('finds a log that %s', async (_, sabotage, found) => {
    const failures = await failuresOf(sabotage)
    expect(failures.filter((fact) => found.test(fact))).not.toEqual([])
  })
})

function onTopics(log: Log, name: (topic: string) => string): Partial<Log> {
  return {
    append: (topic, record, options) => log.append(name(topic), record, options),
    readAfter: (topic, after, limit) => log.readAfter(name(topic), after, limit),
    readBefore: (topic, before, limit) => log.readBefore(name(topic), before, limit),
    top: (topic) => log.top(name(topic)),
    follow: (topic, listener) => log.follow(name(topic), listener),
  }
}

type Retain = Parameters<Log['append']>[2]['retention']

function retaining(log: Log, change: (retention: Retain) => Retain): Partial<Log> {
  return {
    append: (topic: string, record: LogRecord, options) =>
      log.append(topic, record, { ...options, retention: change(options.retention) }),
  }
}

function onMessages(listener: LogListener, pass: (hear: () => void) => unknown): LogListener {
  return {
    message: (message, epoch) => {
      pass(() => listener.message(message, epoch))
    },
    reset: (reason, position) => listener.reset(reason, position),
  }
}
