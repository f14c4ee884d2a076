import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Hono } from 'hono'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { web } from '../src/web.ts'

const parent = mkdtempSync(join(tmpdir(), 'lobby-web-'))
const folder = join(parent, 'web')
let pages: Hono

beforeAll(() => {
  mkdirSync(join(folder, 'assets'), { recursive: true })
  writeFileSync(join(parent, 'secret.txt'), 'not for the web')
  writeFileSync(join(folder, 'index.html'), '<!doctype html><title>Lobby</title>')
  writeFileSync(join(folder, 'assets/index-abc.js'), 'export {}')
  pages = web(folder)
})
afterAll(() => rmSync(parent, { recursive: true }))

describe('the pages', () => {
  it('are asked for again each time, and then mostly not sent', async () => {
    const first = await pages.request('/')
    expect(first.status).toBe(200)
    expect(first.headers.get('content-type')).toMatch('text/html')
    expect(first.headers.get('cache-control')).toBe('no-cache')
    const again = await pages.request('/', { headers: { 'if-none-match': first.headers.get('etag') ?? '' } })
    expect(again.status).toBe(304)
  })

  it('keep for good what has a hash in its name', async () => {
    const asset = await pages.request('/assets/index-abc.js')
    expect(asset.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect(asset.headers.get('content-type')).toMatch('javascript')
  })

  it('let nothing run or load but what is ours', async () => {
    const policy = (await pages.request('/')).headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self'")
    expect(policy).toContain("frame-ancestors 'none'")
    expect(policy).not.toContain('unsafe')
  })

  it.each([
    '/nope',
    '/assets/',
    '/assets/nope.js',
    '/../secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e/secret.txt',
    '/%00',
    '/%',
  ])('are not at %s', async (path) => {
    const answer = await pages.request(path)
    expect(answer.status).toBe(404)
    expect(await answer.text()).toBe('There is no such page')
    expect(answer.headers.get('content-security-policy')).not.toBeNull()
  })

  it('take nothing', async () => {
    expect((await pages.request('/', { method: 'POST', body: 'x' })).status).toBe(404)
  })
})
