import { serveStatic } from '@hono/node-server/serve-static'
import { Hono } from 'hono'
import { etag } from 'hono/etag'
import { secureHeaders } from 'hono/secure-headers'

/** The page, from the folder that Vite built it into. */
export function web(folder: string): Hono {
  const app = new Hono()
  app.use(
    secureHeaders({
      // Nothing but our own files and our own socket; `data:` is the noise in the background of the page.
      contentSecurityPolicy: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        fontSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        connectSrc: ["'self'"],
        manifestSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
      referrerPolicy: 'no-referrer',
      // The lobby is served without TLS; whoever puts it behind a proxy decides there.
      strictTransportSecurity: false,
    }),
  )
  app.use(etag())
  app.use(async (c, next) => {
    await next()
    // Names with a hash never get other content; all else is asked for again, and mostly answered with 304.
    const lasting = c.res.ok && c.req.path.startsWith('/assets/')
    c.header('cache-control', lasting ? 'public, max-age=31536000, immutable' : 'no-cache')
  })
  app.use(serveStatic({ root: folder }))
  app.notFound((c) => c.text('There is no such page', 404))
  return app
}
