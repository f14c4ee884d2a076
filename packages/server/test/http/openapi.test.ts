import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { describe, expect, test } from 'vitest'
import { type Answer, READ_TOKEN, serve, TOKEN } from './support.ts'

interface Operation {
  readonly operationId: string
  readonly security?: readonly unknown[]
  readonly responses: Readonly<
    Record<string, { readonly content: Readonly<Record<string, { readonly schema: object }>> }>
  >
}
interface Document extends Record<string, unknown> {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
}

const good = { authorization: `Bearer ${TOKEN}` }

/** Requests by operation and status: what must be answered so. */
const walk: Readonly<
  Record<string, Readonly<Record<number, readonly [path: string, body?: unknown, headers?: object]>>>
> = {
  emit: {
    200: ['/topics/log:a/messages', { event: 'message', payload: 'hi', from: { key: 'k' } }],
    400: ['/topics/log:a/messages', '{'],
    401: ['/topics/log:a/messages', {}, {}],
    403: ['/topics/log:a/messages', {}, { authorization: `Bearer ${READ_TOKEN}` }],
    404: ['/topics/x/messages', { event: 'message' }],
    413: ['/topics/log:a/messages', 'x'.repeat(70_000)],
    422: ['/topics/log:a/messages', { event: 'message', payload: 1 }],
  },
  history: {
    200: ['/topics/log:a/messages?limit=10'],
    400: ['/topics/log:a/messages?limit=x'],
    401: ['/topics/log:a/messages', undefined, {}],
    404: ['/topics/room:a/messages'],
  },
  members: {
    200: ['/topics/room:a/members'],
    400: ['/topics/%ff/members'],
    401: ['/topics/room:a/members', undefined, {}],
    404: ['/topics/x/members'],
  },
  count: {
    200: ['/topics/room:a/count'],
    400: ['/topics/%ff/count'],
    401: ['/topics/room:a/count', undefined, {}],
    404: ['/topics/x/count'],
  },
  kick: {
    200: ['/topics/room:a/kick', { user: 'nobody' }],
    400: ['/topics/room:a/kick', '{'],
    401: ['/topics/room:a/kick', { user: 'nobody' }, {}],
    403: ['/topics/room:a/kick', { user: 'nobody' }, { authorization: `Bearer ${READ_TOKEN}` }],
    404: ['/topics/x/kick', { user: 'nobody' }],
    413: ['/topics/room:a/kick', 'x'.repeat(70_000)],
    422: ['/topics/room:a/kick', {}],
  },
  revoke: {
    200: ['/revocations', { session: 'phone', forMs: 1_000, reason: 'lost' }],
    400: ['/revocations', '{'],
    401: ['/revocations', { user: 'nobody' }, {}],
    403: ['/revocations', { user: 'nobody' }, { authorization: `Bearer ${READ_TOKEN}` }],
    413: ['/revocations', 'x'.repeat(70_000)],
    422: ['/revocations', {}],
  },
  disconnect: {
    200: ['/users/nobody/connections'],
    400: ['/users/%ff/connections'],
    401: ['/users/nobody/connections', undefined, {}],
    403: ['/users/nobody/connections', undefined, { authorization: `Bearer ${READ_TOKEN}` }],
    422: [`/users/nobody/connections?reason=${'x'.repeat(256)}`],
  },
  stats: { 200: ['/stats'], 401: ['/stats', undefined, {}] },
  metrics: { 200: ['/metrics'], 401: ['/metrics', undefined, {}] },
  health: { 200: ['/health', undefined, {}] },
  ready: { 200: ['/health/ready', undefined, {}] },
  live: { 200: ['/health/live', undefined, {}] },
  openapi: { 200: ['/openapi.json', undefined, {}] },
}

/** Answers that need a server in another state: see the tests of the API. */
const elsewhere: Readonly<Record<string, readonly number[]>> = {
  emit: [429, 503],
  history: [429, 503],
  members: [429],
  count: [429],
  kick: [429],
  revoke: [429],
  disconnect: [429],
  stats: [429],
  metrics: [429],
  health: [503],
  ready: [503],
}

async function open() {
  const served = await serve()
  await served.join('room:a', 'tyr', { name: 'Tyr' })
  await served.app.channel('log:a').emit('file', new Uint8Array([1, 2]))
  await served.app.channel('log:a').emit('message', 'before')
  const { json } = await served.ask('GET', '/openapi.json', undefined, {})
  return { ...served, document: json as Document }
}

function operationsOf({ paths }: Document): { method: string; operation: Operation }[] {
  return Object.values(paths).flatMap((path) =>
    Object.entries(path).map(([method, operation]) => ({ method: method.toUpperCase(), operation })),
  )
}

function schemaOf(document: Document, operation: Operation, { status, headers }: Answer): ValidateFunction | null {
  const type = headers.get('content-type')?.split(';')[0] ?? ''
  const content = operation.responses[status]?.content[type]
  if (!content) throw new Error(`${operation.operationId} documents no ${status} of ${type}`)
  if (type === 'text/plain') return null
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  return ajv.compile({ ...content.schema, components: document.components })
}

describe('the document of the API', () => {
  test('is valid OpenAPI 3.1', async () => {
    const { document } = await open()
    expect(document.openapi).toBe('3.1.0')
    expect(await new Validator().validate(document)).toEqual({ valid: true })
  })

  test('tells of every path, of every answer, and of what needs no token', async () => {
    const { document } = await open()
    const told = operationsOf(document).map(({ operation }) => [
      operation.operationId,
      Object.keys(operation.responses).map(Number),
    ])
    const walked = Object.entries(walk).map(([id, answers]) => [
      id,
      [...Object.keys(answers).map(Number), ...(elsewhere[id] ?? [])].sort(),
    ])
    expect(Object.fromEntries(told)).toEqual(Object.fromEntries(walked))
    const open_ = operationsOf(document).filter(({ operation }) => operation.security?.length === 0)
    expect(open_.map(({ operation }) => operation.operationId).sort()).toEqual(['health', 'live', 'openapi', 'ready'])
  })

  const cases = Object.entries(walk).flatMap(([id, answers]) =>
    Object.entries(answers).map(([status, request]) => [id, Number(status), request] as const),
  )
  test.each(cases)('%s answers %i as it says', async (id, status, [path, body, headers]) => {
    const { ask, document, errors } = await open()
    const found = operationsOf(document).find(({ operation }) => operation.operationId === id)
    if (!found) throw new Error(`no operation ${id}`)
    const json = typeof body === 'string' ? { 'content-type': 'application/json' } : {}
    const answer = await ask(found.method, path, body, { ...json, ...(headers ?? good) })
    expect([answer.status, answer.text]).toEqual([status, expect.anything()])
    const validate = schemaOf(document, found.operation, answer)
    if (validate) expect([validate(answer.json), validate.errors]).toEqual([true, null])
    expect(errors).toEqual([])
  })

  test('the walk can fail: a page is no list of members', async () => {
    const { ask, document } = await open()
    const page = await ask('GET', '/topics/log:a/messages')
    const members = operationsOf(document).find(({ operation }) => operation.operationId === 'members')
    const validate = members && schemaOf(document, members.operation, page)
    expect(validate?.(page.json)).toBe(false)
  })
})
