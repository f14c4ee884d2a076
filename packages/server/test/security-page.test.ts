import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, test } from 'vitest'
import { DEFAULT_LIMITS } from '../src/connection/limits.ts'
import { quarterOfMemory } from '../src/connection/memory.ts'

const root = join(import.meta.dirname, '../../..')
const page = readFileSync(join(root, 'SECURITY.md'), 'utf8')

/** The rows of the page's table of this heading: what is in the first cell, and in the second. */
function table(heading: string): [string, string][] {
  const [, section = ''] = page.split(`### ${heading}`)
  const rows = [...(section.split(/^#/m)[0] ?? '').matchAll(/^\| ([^|]+) \| ([^|]+) \|/gm)]
  return rows.slice(2).map(([, name = '', value = '']) => [name.replaceAll('`', ''), value.replaceAll('`', '')])
}

describe('the limits of SECURITY.md', () => {
  const rows = table('Limits')

  it('are all there are', () => {
    expect(rows.map(([name]) => name).sort()).toEqual(Object.keys(DEFAULT_LIMITS).sort())
  })

  test.each(rows)('%s is %s', (name, value) => {
    const limit = DEFAULT_LIMITS[name as keyof typeof DEFAULT_LIMITS]
    expect(value).toBe(name === 'bufferedBytes' ? 'a quarter of the memory' : limit.toLocaleString('en-US'))
  })

  it('are bounds, all of them', () => {
    expect(Object.entries(DEFAULT_LIMITS).filter(([, limit]) => !(limit > 0 && Number.isFinite(limit)))).toEqual([])
    expect(DEFAULT_LIMITS.bufferedBytes).toBe(quarterOfMemory())
  })
})

describe('the options of SECURITY.md', () => {
  /** How the code says them. */
  const code: Readonly<Record<string, string>> = {
    origins: "originCheck(options.origins ?? 'same-host')",
    trustedProxy: 'if (!trusted) return (request) => request.socket.remoteAddress',
    authenticate: 'authenticate: options.authenticate ?? null',
    compression: 'this.#options.compression ? toCompression(this.#options.compression) : null',
    dialects: 'dialects = []',
    api: 'if (open) privateRoutes(',
    'listen: host': "host = '127.0.0.1'",
    'listen: backlog': 'backlog = 4_096',
    pingMs: 'pingMs: 25_000',
    deadMs: 'deadMs: 8_000',
    graceMs: 'graceMs ?? 5_000',
    resumeMs: 'resumeMs ?? 120_000',
  }
  const sources = ['packages/server/src', 'packages/core/src'].flatMap((folder) => {
    const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    return files.filter((file) => file.endsWith('.ts')).map((file) => readFileSync(join(root, folder, file), 'utf8'))
  })
  const rows = table('Options')

  it('are those whose code is looked at', () => {
    expect(rows.map(([name]) => name)).toEqual(Object.keys(code))
  })

  test.each(rows)('%s is %s', (name, value) => {
    const line = code[name] ?? ''
    expect(sources.filter((source) => source.includes(line)).length).toBeGreaterThan(0)
    // Numbers and names are in the line as they are on the page.
    const plain = value.replaceAll(',', '_')
    if (/^[\d_.]+$|^same-host$/.test(plain)) expect(line).toContain(plain)
  })
})
