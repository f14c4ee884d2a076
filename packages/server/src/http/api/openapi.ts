import { schemas } from './openapi-schemas.ts'
import type { Api } from './options.ts'
import { MAX_PAGE } from './topics.ts'

const PROBLEMS: Readonly<Record<number, string>> = {
  400: 'The request cannot be read',
  401: 'There is no valid token',
  403: 'The token may only read',
  404: 'No channel covers the topic, or it keeps no history',
  413: 'The body is too big',
  422: 'The body does not fit: its own shape, or the schema of the event',
  429: 'Too many requests; Retry-After says when to try again',
  503: 'The log cannot be reached now; Retry-After says when to try again',
}

const topic = {
  name: 'topic',
  in: 'path',
  required: true,
  description: 'URL-encoded, slashes too: `room%3Aa%2Fb`',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
}

function query(name: string, description: string, schema: object = { type: 'string' }): object {
  return { name, in: 'query', description, schema }
}

function answers(schema: string, description: string, problems: readonly number[]): object {
  const failures = problems.map((status) => [
    status,
    {
      description: PROBLEMS[status] ?? '',
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    },
  ])
  return { 200: answer(schema, description), ...Object.fromEntries(failures) }
}

function answer(schema: string, description: string): object {
  return { description, content: { 'application/json': { schema: { $ref: `#/components/schemas/${schema}` } } } }
}

function body(schema: string): object {
  return { 'application/json': { schema: { $ref: `#/components/schemas/${schema}` } } }
}

const READ = [400, 401, 404, 429] as const
const WRITE = [400, 401, 403, 404, 413, 422, 429] as const

function paths(): object {
  const offset = { type: 'integer', minimum: 0 }
  return {
    '/topics/{topic}/messages': {
      post: {
        operationId: 'emit',
        summary: 'Send a message to everybody on a topic',
        description:
          'The payload is JSON in the body. To send bytes, make them the body, with content-type ' +
          'application/octet-stream, and give the rest in the query.',
        parameters: [
          topic,
          { ...query('Idempotency-Key', 'Instead of idempotencyKey in the body'), in: 'header' },
          query('event', 'With bytes: the event'),
          query('from', 'With bytes: the id of the user that the message is from'),
          query('idempotencyKey', 'With bytes: as in the body'),
        ],
        requestBody: {
          required: true,
          content: { ...body('Emission'), 'application/octet-stream': { schema: {} } },
        },
        responses: answers('Emitted', 'Accepted', [...WRITE, 503]),
      },
      get: {
        operationId: 'history',
        summary: 'Read a page of what was emitted',
        parameters: [
          topic,
          query('before', 'Messages with offsets below this; the newest without it', offset),
          query('after', 'Messages with offsets above this; not together with before', offset),
          query('limit', 'Default 50', { type: 'integer', minimum: 1, maximum: MAX_PAGE }),
        ],
        responses: answers('Page', 'The page', [...READ, 503]),
      },
    },
    '/topics/{topic}/members': {
      get: {
        operationId: 'members',
        summary: 'Who is here',
        parameters: [topic],
        responses: answers('Members', 'The members, each with its entries; none on a channel without presence', READ),
      },
    },
    '/topics/{topic}/count': {
      get: {
        operationId: 'count',
        summary: 'How many are here',
        parameters: [topic],
        responses: answers('Count', 'The counts', READ),
      },
    },
    '/topics/{topic}/kick': {
      post: {
        operationId: 'kick',
        summary: 'End the membership of a user or of one connection',
        parameters: [topic],
        requestBody: { required: true, content: body('Kick') },
        responses: answers('Kicked', 'Done', WRITE),
      },
    },
    '/users/{user}/connections': {
      delete: {
        operationId: 'disconnect',
        summary: 'End all connections of a user; its sessions cannot be resumed',
        parameters: [
          {
            name: 'user',
            in: 'path',
            required: true,
            description: 'The id of the user, URL-encoded',
            schema: { type: 'string', minLength: 1 },
          },
          query('reason', 'Told to the client'),
        ],
        responses: answers('Disconnected', 'Done', [400, 401, 403, 422, 429]),
      },
    },
    '/revocations': {
      post: {
        operationId: 'revoke',
        summary: 'End all connections of a user or of one sign-in, and refuse the credentials that they had',
        requestBody: { required: true, content: body('Revocation') },
        responses: answers('Disconnected', 'Done', [400, 401, 403, 413, 422, 429]),
      },
    },
    '/stats': {
      get: {
        operationId: 'stats',
        summary: 'What the server counts',
        responses: answers('Stats', 'The figures of this node', [401, 429]),
      },
    },
    '/metrics': {
      get: {
        operationId: 'metrics',
        summary: 'The same for Prometheus, with figures of the process',
        responses: {
          ...answers('Stats', '', [401, 429]),
          200: { description: 'The metrics', content: { 'text/plain': { schema: { type: 'string' } } } },
        },
      },
    },
    ...healthPaths(),
    '/openapi.json': {
      get: {
        operationId: 'openapi',
        summary: 'This document',
        security: [],
        responses: {
          200: { description: 'The document', content: { 'application/json': { schema: { type: 'object' } } } },
        },
      },
    },
  }
}

function healthPaths(): object {
  const health = (operationId: string, summary: string) => ({
    get: {
      operationId,
      summary,
      security: [],
      responses: {
        200: answer('Health', 'It is ready'),
        503: answer('Health', 'It is stopping, or something is away'),
      },
    },
  })
  return {
    '/health': health('health', 'Whether the server lives and is ready for clients'),
    '/health/ready': health('ready', 'The same, under the name that orchestrators look for'),
    '/health/live': {
      get: {
        operationId: 'live',
        summary: 'Whether the server lives',
        security: [],
        responses: { 200: answer('Live', 'It lives') },
      },
    },
  }
}

/** The API's own description, as OpenAPI 3.1. */
export function openApi(api: Pick<Api, 'path' | 'bodyBytes'>): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Rollcall HTTP API',
      version: '1',
      license: { name: 'MIT', identifier: 'MIT' },
      description: `For backends in any language. A body has at most ${api.bodyBytes} bytes.`,
    },
    servers: [{ url: api.path }],
    security: [{ bearer: [] }],
    paths: paths(),
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } }, schemas },
  }
}
