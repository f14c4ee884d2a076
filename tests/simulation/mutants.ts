import type { Effect, Outcome, Position, Request, Session } from '@rollcall/core'
import type { AnomalyName } from '@rollcall/testkit'
import { Frame, Run, type Transport } from 'rollcall'
import type { Log, LogPage } from 'rollcall/log'
import type { Mutant } from './world.ts'

/** A server with one fault, and what the checker must call it. */
export interface KnownMutant extends Mutant {
  readonly name: string
  /** One of these is found within a number of seeds. */
  readonly finds: readonly AnomalyName[]
}

/** Servers that break one promise each. The simulation is worth something only as long as it finds all of them. */
export const MUTANTS: readonly KnownMutant[] = [
  {
    name: 'accepts repeated sends again',
    finds: ['duplicate'],
    options: { idempotency: { windowMs: 1, entries: 1 } },
    seams: {
      log: (log) =>
        logLike(log, {
          append: (topic, record, options) => log.append(topic, record, { retention: options.retention }),
        }),
    },
  },
  {
    name: 'forgets the ids of sends with its process',
    finds: ['duplicate'],
    seams: {
      log: (log) =>
        logLike(log, {
          append: (topic, record, options) => log.append(topic, record, { retention: options.retention }),
        }),
    },
  },
  {
    name: 'skips the replay, and says that all is recovered',
    finds: ['skip', 'loss'],
    seams: {
      session: (session) =>
        sessionLike(session, {
          request: (request) => (request.kind === 'join' && request.since ? { ...request, since: null } : request),
          outcome: (request, outcome) =>
            request.kind === 'join' && outcome.ok
              ? { ok: true, result: { ...Object(outcome.result), recovery: 'recovered' } }
              : outcome,
        }),
    },
  },
  {
    name: 'keeps gaps to itself',
    finds: ['skip', 'loss', 'not_back'],
    seams: {
      session: (session) =>
        sessionLike(session, {
          tells: ({ kind }) => kind !== 'gap',
          outcome: (request, outcome) =>
            request.kind === 'join' &&
            outcome.ok &&
            typeof (outcome.result as { recovery: unknown }).recovery === 'object'
              ? { ok: true, result: { ...Object(outcome.result), recovery: 'recovered' } }
              : outcome,
        }),
    },
  },
  {
    name: 'ignores the epoch of its log',
    finds: ['divergence', 'fencing', 'skip', 'inversion'],
    seams: { log: (log) => withoutEpoch(log) },
  },
  {
    name: 'accepts messages and keeps every seventh of them from the log',
    finds: ['divergence', 'fencing', 'tail_loss'],
    seams: { log: (log) => forgetful(log, 7) },
  },
  {
    name: 'never acknowledges a send',
    finds: ['unanswered'],
    seams: { session: (session) => sessionLike(session, { answers: ({ kind }) => kind !== 'send' }) },
  },
  {
    name: 'answers a leave and forgets it',
    finds: ['after_leave', 'ghost'],
    seams: { session: (session) => sessionLike(session, { swallows: ({ kind }) => kind === 'leave' }) },
  },
  {
    name: 'forgets to end the memberships of those who are kicked',
    finds: ['unauthorised'],
    forgetsKicks: true,
  },
  {
    name: 'writes every message twice',
    finds: ['duplicate'],
    seams: {
      transport: (transport) =>
        transportLike(transport, (frames) => frames.flatMap((frame) => (isKept(frame) ? [frame, frame] : [frame]))),
    },
  },
  {
    name: 'writes two messages of one turn in the wrong order',
    finds: ['inversion'],
    seams: { transport: (transport) => transportLike(transport, swapFirstTwo) },
  },
  {
    name: 'loses every tenth message between its outbox and the socket',
    finds: ['skip', 'loss'],
    seams: {
      transport: (transport) =>
        transportLike(
          transport,
          everyTenth(() => []),
        ),
    },
  },
  {
    name: 'alters every tenth message on the way',
    finds: ['forged', 'divergence'],
    seams: {
      transport: (transport) =>
        transportLike(
          transport,
          everyTenth((frame) => [altered(frame)]),
        ),
    },
  },
  {
    name: 'places a message behind the next one',
    finds: ['publisher_order', 'real_time_order'],
    seams: { log: (log) => swapping(log) },
  },
  {
    name: 'trims its log too early',
    finds: ['hole'],
    seams: {
      log: (log) =>
        logLike(log, {
          append: (topic, record, options) =>
            log.append(topic, record, { ...options, retention: { ...options.retention, messages: 2 } }),
        }),
    },
  },
  {
    name: 'shows no grace to those whose connection is lost',
    finds: ['flap'],
    options: { graceMs: 1 },
  },
  {
    name: 'loses every change of the roster',
    finds: ['missing', 'ghost', 'stale_meta'],
    seams: {
      transport: (transport) => transportLike(transport, (frames) => frames.filter((frame) => !frame.kind.roster)),
    },
  },
]

function logLike(log: Log, changes: Partial<Log>): Log {
  return {
    append: (topic, record, options) => log.append(topic, record, options),
    readAfter: (topic, after, limit) => log.readAfter(topic, after, limit),
    readBefore: (topic, before, limit) => log.readBefore(topic, before, limit),
    top: (topic) => log.top(topic),
    follow: (topic, listener) => log.follow(topic, listener),
    close: () => log.close(),
    ...changes,
  }
}

function withoutEpoch(log: Log): Log {
  const epoch = 'always'
  const page = (read: LogPage): LogPage => ({ ...read, epoch })
  const position = (at: Position): Position => ({ ...at, epoch })
  return {
    append: async (topic, record, options) => {
      const appended = await log.append(topic, record, options)
      return { ...appended, position: position(appended.position) }
    },
    readAfter: async (topic, after, limit) => page(await log.readAfter(topic, after, limit)),
    readBefore: async (topic, before, limit) => page(await log.readBefore(topic, before, limit)),
    top: async (topic) => position(await log.top(topic)),
    follow: async (topic, listener) => {
      const following = await log.follow(topic, {
        message: (message) => listener.message(message, epoch),
        reset: (reason, at) => listener.reset(reason, position(at)),
      })
      return { ...following, position: position(following.position) }
    },
    close: () => log.close(),
  }
}

function forgetful(log: Log, every: number): Log {
  let count = 0
  return logLike(log, {
    append: async (topic, record, options) => {
      if (++count % every !== 0) return log.append(topic, record, options)
      const { epoch, offset } = await log.top(topic)
      return { position: { epoch, offset: offset + 1 }, duplicate: false }
    },
  })
}

// Every fifth append waits until another one has overtaken it.
function swapping(log: Log): Log {
  let count = 0
  let overtaken: (() => void)[] = []
  return logLike(log, {
    append: async (topic, record, options) => {
      if (++count % 5 === 0) await new Promise<void>((resolve) => overtaken.push(resolve))
      const appended = log.append(topic, record, options)
      for (const go of overtaken) go()
      overtaken = []
      return appended
    },
  })
}

interface SessionChanges {
  /** What becomes of a request of the peer. */
  readonly request?: (request: Request) => Request
  /** What becomes of its outcome. */
  readonly outcome?: (request: Request, outcome: Outcome) => Outcome
  /** Which requests are answered at all. */
  readonly answers?: (request: Request) => boolean
  /** Which are answered, and not done. */
  readonly swallows?: (request: Request) => boolean
  /** Which notices the peer is told. */
  readonly tells?: (notice: Parameters<Session['notify']>[0]) => boolean
}

function sessionLike(session: Session, changes: SessionChanges): Session {
  const { request = (asked) => asked, outcome = (_, ended) => ended } = changes
  const { answers = () => true, swallows = () => false, tells = () => true } = changes
  const changed = (effects: readonly Effect[], now: number): readonly Effect[] =>
    effects.flatMap((effect) => {
      if (effect.kind !== 'request') return [effect]
      if (swallows(effect.request)) return session.answer(effect.request, { ok: true, result: null }, now)
      return [{ kind: 'request', request: request(effect.request) }]
    })
  return {
    receive: (payload, now) => changed(session.receive(payload, now), now),
    answer: (asked, ended, now) =>
      answers(asked) ? changed(session.answer(asked, outcome(asked, ended), now), now) : [],
    notify: (notice) => (tells(notice) ? session.notify(notice) : []),
    tick: (now) => session.tick(now),
  }
}

function transportLike(transport: Transport, change: (frames: readonly Frame[]) => readonly Frame[]): Transport {
  return {
    write: (run) => {
      const frames = change(run.frames)
      if (frames.length > 0) transport.write(new Run(frames))
    },
    get bufferedBytes() {
      return transport.bufferedBytes
    },
    close: (code, reason) => transport.close(code, reason),
    destroy: () => transport.destroy(),
    pause: () => transport.pause(),
    resume: () => transport.resume(),
  }
}

const isKept = (frame: Frame): boolean => frame.kind.offset > 0

function swapFirstTwo(frames: readonly Frame[]): readonly Frame[] {
  const i = frames.findIndex((frame, at) => isKept(frame) && frames[at + 1]?.kind.offset === frame.kind.offset + 1)
  const [first, second] = [frames[i], frames[i + 1]]
  return first && second ? frames.with(i, second).with(i + 1, first) : frames
}

function everyTenth(change: (frame: Frame) => readonly Frame[]): (frames: readonly Frame[]) => readonly Frame[] {
  let count = 0
  return (frames) => frames.flatMap((frame) => (isKept(frame) && ++count % 10 === 0 ? change(frame) : [frame]))
}

function altered(frame: Frame): Frame {
  return new Frame(
    frame.payloads.map((payload) => (typeof payload === 'string' ? payload.replace(/"c(\d)-/, '"x$1-') : payload)),
    frame.kind,
  )
}
