import { errorOf, isOffset, type Outcome, type Sender } from '@rollcall/core'
import type { Context, Hono } from 'hono'
import { routePath } from 'hono/route'
import type { EmitOptions, Emitted, ServerHistoryPage } from '../../channel/handlers.ts'
import { Idempotency } from '../../channel/idempotency.ts'
import { done, refusalOf } from '../../channel/refusals.ts'
import { type BodyLimits, badRequest, fieldsOf, invalid, nameIn, readBody, readFields } from './body.ts'
import type { ApiHost } from './host.ts'

/** The most messages of one page. */
export const MAX_PAGE = 100

/** A message that is to be emitted. */
interface Emission {
  readonly event: string
  readonly payload: unknown
  readonly from: Sender | null
  readonly idempotencyKey: string | undefined
}

/** What can be done with one topic. */
export function topicRoutes(app: Hono, host: ApiHost, limits: BodyLimits): void {
  const sends = new Idempotency(host.clock, { windowMs: 300_000, entries: 100_000 })

  app.post('/topics/:topic/messages', async (c) => {
    const topic = pathPart(c, 'topic')
    const { event, payload, from, idempotencyKey } = await readEmission(c, limits)
    const emit = (options: EmitOptions) => host.channel(topic).emit(event as never, payload as never, options)
    if (idempotencyKey === undefined) return c.json(await emit({ from }))
    // Handlers' keys have line breaks, and these cannot: the log does not take one for the other.
    const run = () => emit({ from, idempotencyKey: `api ${idempotencyKey}` })
    return c.json(await once(sends, `${topic}\n${idempotencyKey}`, run))
  })

  app.get('/topics/:topic/messages', async (c) => {
    const [before, after, limit] = [wholeNumber(c, 'before'), wholeNumber(c, 'after'), wholeNumber(c, 'limit')]
    if (before !== undefined && after !== undefined) throw badRequest('Give before or after, not both')
    if (limit !== undefined && (limit < 1 || limit > MAX_PAGE)) throw badRequest(`limit must be 1 to ${MAX_PAGE}`)
    const page = await host.channel(pathPart(c, 'topic')).history({
      ...(before !== undefined && { before }),
      ...(after !== undefined && { after }),
      ...(limit !== undefined && { limit }),
    })
    return c.json({ epoch: page.epoch, more: page.more, messages: page.messages.map(toJson) })
  })

  app.get('/topics/:topic/members', async (c) =>
    c.json({ members: await host.channel(pathPart(c, 'topic')).members() }),
  )

  app.get('/topics/:topic/count', async (c) => c.json(await host.channel(pathPart(c, 'topic')).count()))

  app.post('/topics/:topic/kick', async (c) => {
    const fields = await readFields(c, limits)
    const [user, connection, reason] = [nameIn(fields, 'user'), nameIn(fields, 'connection'), nameIn(fields, 'reason')]
    if ((user === undefined) === (connection === undefined)) throw invalid('Give user or connection, one of them')
    const who = user === undefined ? { connection: connection ?? '' } : { user }
    const topic = pathPart(c, 'topic')
    // A topic that the contract does not know is a mistake of the caller, though nobody could be in it.
    await host.channel(topic).count()
    return c.json({ kicked: await host.channel(topic).kick(who, reason) })
  })
}

/**
 * What stands in the path for `:name`, decoded. Read from the path as it came: the router decodes leniently, and a wrong
 * encoding must not name another topic. @throws InvalidError where it is not valid.
 */
export function pathPart(c: Context, name: string): string {
  const part = new URL(c.req.url).pathname.split('/')[routePath(c).split('/').indexOf(`:${name}`)] ?? ''
  try {
    return decodeURIComponent(part)
  } catch {
    throw badRequest(`The ${name} in the path is not a valid URL encoding`)
  }
}

async function readEmission(c: Context, { bytes, depth }: BodyLimits): Promise<Emission> {
  // One level more: the payload stands in the body's object.
  const body = await readBody(c, { bytes, depth: depth + 1 })
  const fields = body.kind === 'json' ? fieldsOf(body.value) : c.req.query()
  const event = nameIn(fields, 'event')
  if (event === undefined) throw invalid('Give the event')
  const key = nameIn({ key: c.req.header('idempotency-key') ?? fields.idempotencyKey }, 'key')
  const payload = body.kind === 'bytes' ? body.value : (fields.payload ?? null)
  return { event, payload, from: senderIn(fields.from), idempotencyKey: key }
}

// In a query there is room for the key alone.
function senderIn(from: unknown): Sender | null {
  if (from === undefined || from === null) return null
  const fields = typeof from === 'string' ? { key: from } : fieldsOf(from)
  const [key, connection, name] = [nameIn(fields, 'key'), nameIn(fields, 'connection'), nameIn(fields, 'name')]
  if (key === undefined) throw invalid('from must have a key: the id of the user that the message is from')
  return { key, connection: connection ?? '', ...(name !== undefined && { name }) }
}

// A repeat gets the answer of the first, also on channels whose messages no log knows.
function once(sends: Idempotency, key: string, run: () => Promise<Emitted>): Promise<Emitted> {
  return new Promise((resolve, reject) => {
    const answer = (outcome: Outcome) =>
      outcome.ok ? resolve(outcome.result as Emitted) : reject(errorOf(outcome.refusal))
    if (!sends.first(key, answer)) return
    const end = (outcome: Outcome) => {
      sends.settle(key, outcome)
      answer(outcome)
    }
    run().then(
      (emitted) => end(done(emitted)),
      (error: unknown) => end({ ok: false, refusal: refusalOf(error, 'The emit').refusal }),
    )
  })
}

function wholeNumber(c: Context, name: string): number | undefined {
  const given = c.req.query(name)
  if (given === undefined) return undefined
  const value = Number(given)
  if (!/^\d+$/.test(given) || !isOffset(value)) throw badRequest(`${name} must be a whole number from 0`)
  return value
}

function toJson(message: ServerHistoryPage['messages'][number]): object {
  const { event, payload, from, at, offset } = message
  if (!(payload instanceof Uint8Array)) return { event, payload: payload ?? null, from, at, offset }
  return { event, payload: Buffer.from(payload).toString('base64'), encoding: 'base64', from, at, offset }
}
