import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { describeInChromium, launchChromium } from '../../support/chromium.ts'
import { until } from '../../support/until.ts'
import { type Room, room } from './room.ts'

// The official client as pages have it: its own WebSocket, its own XMLHttpRequest, its own limits.

const library = readFileSync(join(dirname(createRequire(import.meta.url).resolve('phoenix')), 'phoenix.min.js'))

const PATIENT = { deadlineMs: 20_000 }

/** Serves a page with the client in it. */
async function site(): Promise<{ server: Server; url: string }> {
  const server = createServer(({ url }, response) => {
    const script = url === '/phoenix.js'
    response.writeHead(200, { 'content-type': script ? 'text/javascript' : 'text/html' })
    response.end(script ? library : '<!doctype html><script src="/phoenix.js"></script>')
  })
  server.listen(0, 'localhost')
  await once(server, 'listening')
  return { server, url: `http://localhost:${(server.address() as AddressInfo).port}` }
}

/** What a page did: it joined, sent its name, and heard what others said. */
interface Visit {
  readonly endpoint: string
  readonly name: string
  /** `fallback`: WebSockets never open there, and the client finds another way by itself. */
  readonly way: 'websocket' | 'longpoll' | 'fallback'
  readonly authToken?: string
}

async function visit(page: Page, { endpoint, name, way, authToken }: Visit): Promise<void> {
  await page.evaluate(
    ({ endpoint, name, way, authToken }) => {
      // biome-ignore lint/suspicious/noExplicitAny: the library is a script of the page
      const { Socket, Presence, LongPoll } = (globalThis as any).Phoenix
      class Dead {
        readyState = 0
        close() {}
      }
      const transport = { websocket: undefined, longpoll: LongPoll, fallback: Dead }[way]
      const options = { params: { user: name }, ...(authToken && { authToken }), ...(transport && { transport }) }
      const socket = new Socket(endpoint, way === 'fallback' ? { ...options, longPollFallbackMs: 100 } : options)
      socket.connect()
      const channel = socket.channel('room:page', { name })
      const presence = new Presence(channel)
      const seen = { messages: [] as unknown[], here: [] as string[], transport: () => socket.conn.constructor.name }
      presence.onSync(() => {
        seen.here = presence.list((key: string) => key).sort()
      })
      channel.on('message', (text: unknown) => void seen.messages.push(text))
      Object.assign(globalThis, { seen, socket })
      return new Promise((resolve, reject) => {
        channel
          .join()
          .receive('ok', () => channel.push('message', `hi from ${name}`).receive('ok', resolve))
          .receive('timeout', () => reject(new Error('not joined in time')))
      })
    },
    { endpoint, name, way, ...(authToken && { authToken }) },
  )
}

const seen = (page: Page) =>
  page.evaluate(() => {
    const { messages, here } = (globalThis as unknown as { seen: { messages: string[]; here: string[] } }).seen
    return { messages, here }
  })

describeInChromium('phoenix.js in a browser', () => {
  let browser: Browser
  let home: Awaited<ReturnType<typeof site>>
  let elsewhere: Awaited<ReturnType<typeof site>>
  let server: Room
  beforeAll(async () => {
    browser = await launchChromium()
    home = await site()
    elsewhere = await site()
    server = await room({ longPoll: { windowMs: 2_000, idleMs: 6_000 } }, { origins: [home.url, elsewhere.url] })
    server.app.attach(home.server)
  })
  afterAll(async () => {
    await browser?.close()
    await server?.close()
    for (const each of [home, elsewhere]) each?.server.close()
  })

  test('by WebSocket, by long poll, by falling back, and from another page: all in one room', async () => {
    const visits: (Visit & { readonly at: string })[] = [
      { at: home.url, endpoint: '/socket', name: 'native', way: 'websocket' },
      { at: home.url, endpoint: '/socket', name: 'poller', way: 'longpoll', authToken: 'a.b?c>d~e' },
      { at: home.url, endpoint: '/socket', name: 'fallen', way: 'fallback' },
      { at: elsewhere.url, endpoint: `${home.url}/socket`, name: 'far', way: 'longpoll', authToken: 'far' },
      { at: elsewhere.url, endpoint: `${home.url.replace('http', 'ws')}/socket`, name: 'wide', way: 'websocket' },
    ]
    const pages: Page[] = []
    for (const each of visits) {
      const page = await (await browser.newContext()).newPage()
      await page.goto(each.at)
      await visit(page, each)
      pages.push(page)
    }
    const names = visits.map(({ name }) => name)
    for (const [i, page] of pages.entries())
      await until(async () => {
        const { messages, here } = await seen(page)
        expect([messages, here]).toEqual([names.slice(i).map((name) => `hi from ${name}`), [...names].sort()])
        return true
      }, PATIENT)
    expect(JSON.stringify(server.credentials)).toContain('{"user":"poller","token":"a.b?c>d~e"}')
    expect(JSON.stringify(server.credentials)).toContain('{"user":"far","token":"far"}')
    // A page that is closed is out, however it was in.
    await pages[1]?.close()
    await pages[4]?.close()
    await until(async () => {
      expect((await seen(pages[0] as Page)).here).toEqual(['fallen', 'far', 'native'])
      return true
    }, PATIENT)
  })

  test('a page of an origin that is not allowed is kept out of both', async () => {
    // Where nobody else comes back meanwhile.
    const [own, evil] = [await site(), await site()]
    const guarded = await room({}, { origins: [own.url] })
    guarded.app.attach(own.server)
    const page = await (await browser.newContext()).newPage()
    await page.goto(evil.url)
    const outcome = await page.evaluate(async (url) => {
      const poll = await (await fetch(`${url}/socket/longpoll?vsn=2.0.0`)).text()
      const socket = new WebSocket(`${url.replace('http', 'ws')}/socket/websocket?vsn=2.0.0`)
      const code = await new Promise((resolve) => socket.addEventListener('close', (event) => resolve(event.code)))
      return { poll, code }
    }, own.url)
    expect(outcome).toEqual({ poll: '{"status":403}', code: 1006 })
    expect(guarded.credentials).toEqual([])
    await guarded.close()
    for (const each of [own, evil]) each.server.close()
  })
})
