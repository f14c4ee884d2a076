import { getRequestListener, type HttpBindings } from '@hono/node-server'
import { RollcallError } from '@rollcall/core'
import { Hono } from 'hono'
import { methodNotAllowed } from 'hono/method-not-allowed'
import { routePath } from 'hono/route'
import { refusalOf } from '../../channel/refusals.ts'
import type { Route } from '../../connection/dialect.ts'
import { Bucket } from '../../hub/bucket.ts'
import { toRevoked } from '../../identity/revocations.ts'
import { invalid, nameIn, readFields } from './body.ts'
import type { ApiHost } from './host.ts'
import { Metrics } from './metrics.ts'
import { openApi } from './openapi.ts'
import type { Api } from './options.ts'
import { problem } from './problems.ts'
import { bearer } from './tokens.ts'
import { pathPart, topicRoutes } from './topics.ts'

// Whose requests are told of: who may not, and who is too fast.
const REFUSED = new Set([401, 403, 429])

/** The HTTP API as routes of the server: all of it with a token, the health check alone without. */
export function apiRoutes(api: Api, host: ApiHost): readonly Route[] {
  const open = api.tokens.length + api.readTokens.length > 0
  const app = new Hono().basePath(api.path) as Hono
  app.use(async (c, next) => {
    await next()
    c.res.headers.set('cache-control', 'no-store')
    c.res.headers.set('x-content-type-options', 'nosniff')
  })
  app.onError((error) => {
    const { refusal, unexpected } = refusalOf(error, 'The request')
    if (unexpected && !isAbort(error)) host.report('A request of the HTTP API failed', error)
    return problem(refusal)
  })
  app.notFound(() => problem({ code: 'bad_request', message: 'There is nothing at this path' }, {}, 404))
  healthRoutes(app, host)
  if (open) privateRoutes(app, api, host)
  const listener = getRequestListener(app.fetch, {
    overrideGlobalObjects: false,
    // For requests of HTTP/1.0, such as simple health checks, which may have no Host.
    hostname: 'rollcall',
    errorHandler: () => problem({ code: 'bad_request', message: 'The request is malformed' }),
  })
  const request: Route['request'] = (incoming, response) => void listener(incoming, response)
  return [{ path: open ? api.path : `${api.path}/health`, request }]
}

function healthRoutes(app: Hono, host: ApiHost): void {
  app.get('/health/live', (c) => c.json({ live: true }))
  for (const path of ['/health', '/health/ready'])
    app.get(path, (c) => {
      const away = host.away()
      const ready = host.ready() && away.length === 0
      return c.json({ live: true, ready, ...(away.length > 0 && { away }) }, ready ? 200 : 503)
    })
}

function privateRoutes(app: Hono, api: Api, host: ApiHost): void {
  const document = openApi(api)
  app.get('/openapi.json', (c) => c.json(document))

  const bucket = new Bucket(api.requestsPerSecond, api.requestsPerSecond * 2, host.clock.now())
  const metrics = new Metrics(host)
  app.use(async (c, next) => {
    await next()
    const [method, route, { status }] = [c.req.method, routePath(c, -1), c.res]
    metrics.answered(method, route, status)
    if (REFUSED.has(status)) host.refused((c.env as HttpBindings).incoming, { status, method, route })
  })
  app.use(bearer(api))
  app.use(async (_, next) => {
    const retryAfterMs = bucket.take(host.clock.now())
    if (retryAfterMs > 0) return problem({ code: 'rate_limited', message: 'Too many requests', retryAfterMs })
    return next()
  })
  const notAllowed = (allowed: readonly string[]) =>
    problem(
      { code: 'bad_request', message: `This path takes ${allowed.join(', ')}` },
      { allow: allowed.join(', ') },
      405,
    )
  app.use(methodNotAllowed({ app, onMethodNotAllowed: (_, allowed) => notAllowed(allowed) }))
  const limits = { bytes: api.bodyBytes, depth: host.messageDepth }
  topicRoutes(app, host, limits)
  app.delete('/users/:user/connections', async (c) => {
    const user = pathPart(c, 'user')
    const reason = nameIn({ reason: c.req.query('reason') }, 'reason')
    return c.json({ disconnected: await host.disconnect({ user }, reason) })
  })
  app.post('/revocations', async (c) => {
    const fields = await readFields(c, limits)
    const [user, session, reason] = [nameIn(fields, 'user'), nameIn(fields, 'session'), nameIn(fields, 'reason')]
    const { forMs } = fields
    const who = toRevoked({ user, session })
    if (!who) throw invalid('Give user or session, one of them')
    if (forMs !== undefined && !(typeof forMs === 'number' && forMs > 0))
      throw invalid('forMs must be a number above 0')
    const options = { ...(reason !== undefined && { reason }), ...(forMs !== undefined && { forMs }) }
    return c.json({ disconnected: await host.revoke(who, options) })
  })
  app.get('/stats', (c) => c.json(host.stats()))
  app.get('/metrics', async (c) => c.body(await metrics.text(), 200, { 'content-type': metrics.contentType }))
}

// The caller went away while its request was being read: nobody's failure.
function isAbort(error: unknown): boolean {
  if (error instanceof RollcallError) return false
  const { name, code } = error as { name?: unknown; code?: unknown }
  return name === 'AbortError' || code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE'
}
