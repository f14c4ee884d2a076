import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { inspect, toLine } from '../layers.mjs'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

const workspace = (name: string, entries: string[] = ['.']): string =>
  JSON.stringify({ name, exports: Object.fromEntries(entries.map((entry) => [entry, './src/index.ts'])) })

/** A small house in which nothing is wrong. */
const clean: Record<string, string> = {
  'packages/core/package.json': workspace('@rollcall/core'),
  'packages/core/src/index.ts': `export { systemClock } from './ambient.ts'\nexport type { Clock } from './clock.ts'\n`,
  'packages/core/src/ambient.ts': `import type { Clock } from './clock.ts'
export const systemClock: Clock = { now: () => Date.now(), later: (ms, task) => setTimeout(task, ms) }\n`,
  'packages/core/src/clock.ts': `export interface Clock { now(): number; later(ms: number, task: () => void): unknown }
export const later = (clock: Clock): unknown => clock.later(1, () => {})
export const at = (ms: number): Date => new Date(ms)
export type Timer = ReturnType<typeof setTimeout>
export const soon = (setTimeout: (task: () => void) => void): void => setTimeout(() => queueMicrotask(() => {}))\n`,
  'packages/client/package.json': workspace('@rollcall/client'),
  'packages/client/src/index.ts': `import { systemClock } from '@rollcall/core'\nexport const now = systemClock.now\n`,
  'packages/server/package.json': workspace('rollcall', ['.', './log']),
  'packages/server/src/index.ts': `import { createServer } from 'node:http'\nexport { hub } from './hub/hub.ts'\nexport const open = createServer\n`,
  'packages/server/src/hub/hub.ts': `import type { Clock } from '@rollcall/core'\nexport const hub = (clock: Clock): number => clock.now()\n`,
  'packages/dialects/package.json': workspace('@rollcall/dialects', ['./plain']),
  'packages/dialects/src/plain/index.ts': `import type {} from 'rollcall/log'\nimport { z } from 'zod'\nexport { z }\n`,
  'packages/server/test/hub.test.ts': `import 'node:fs'\nimport '@rollcall/client'\nimport { hub } from '../src/hub/hub.ts'\nhub({ now: () => Date.now() })\n`,
  'apps/lobby/package.json': workspace('lobby', []),
  'tests/package.json': workspace('tests', []),
  'apps/lobby/src/server.ts': `import 'node:process'\nimport '@rollcall/dialects/plain'\nsetTimeout(() => {}, 1)\n`,
}

/** Writes the clean house with some files replaced or added. */
function house(files: Record<string, string> = {}): string {
  const root = mkdtempSync(join(tmpdir(), 'layers-'))
  folders.push(root)
  for (const [path, text] of Object.entries({ ...clean, ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true })
    writeFileSync(join(root, path), text)
  }
  return root
}

const findings = (files: Record<string, string>): string[] =>
  inspect(house(files)).map(({ file, line, rule, text }) => `${file}:${line} ${rule} ${text.split(/: |, not/)[0]}`)

test('a clean house has no finding', () => {
  expect(inspect(house())).toEqual([])
})

describe('the table', () => {
  test.each([
    ['core', 'src/x.ts', `import '@rollcall/client'`],
    ['client', 'src/x.ts', `import type {} from 'rollcall'`],
    ['client', 'src/x.ts', `export * from 'rollcall/log'`],
    ['dialects', 'src/plain/x.ts', `export type { A } from '@rollcall/client'`],
    ['server', 'src/cli/x.ts', `const { connect } = await import('@rollcall/client')`],
    ['server', 'src/hub/x.ts', `export type A = import('@rollcall/dialects/plain').A`],
  ])('%s/%s may not say: %s', (name, path, line) => {
    expect(findings({ [`packages/${name}/${path}`]: `\n${line}\n` })).toEqual([
      expect.stringMatching(new RegExp(`^packages/${name}/${path}:2 table packages/${name} may import`)),
    ])
  })

  test('a package that the table does not know may import no other', () => {
    const files = { 'packages/extra/package.json': workspace('@rollcall/extra') }
    const source = { 'packages/extra/src/index.ts': `import '@rollcall/core'` }
    expect(findings({ ...files, ...source })).toEqual([
      'packages/extra/src/index.ts:1 table packages/extra is not in the table',
    ])
  })
})

describe('public entries', () => {
  test.each([
    [
      'packages/client/src/x.ts',
      `import '@rollcall/core/src/clock.ts'`,
      '@rollcall/core/src/clock.ts is not an entry of @rollcall/core',
    ],
    ['packages/dialects/src/x.ts', `import 'rollcall/hub'`, 'rollcall/hub is not an entry of rollcall'],
    ['apps/lobby/src/x.ts', `import '@rollcall/dialects'`, '@rollcall/dialects is not an entry of @rollcall/dialects'],
    [
      'apps/lobby/src/x.ts',
      `import '../../../packages/core/src/clock.ts'`,
      '../../../packages/core/src/clock.ts reaches into packages/core',
    ],
    [
      'packages/server/test/x.ts',
      `import '../../core/src/clock.ts'`,
      '../../core/src/clock.ts reaches into packages/core',
    ],
    ['packages/core/src/x.ts', `import '@rollcall/core'`, '@rollcall/core is this package'],
    [
      'packages/core/src/x.ts',
      `import '../test/x.ts'`,
      '../test/x.ts leaves src, and what lies outside of it is not published',
    ],
    ['packages/core/src/x.ts', `import './missing.ts'`, './missing.ts is not there'],
  ])('%s may not say: %s', (path, line, text) => {
    expect(findings({ [path]: line })).toEqual([`${path}:1 entry ${text}`])
  })
})

describe('what tests are written with', () => {
  test('may be shared with the suites in tests/, and with nobody else', () => {
    const line = `import '../../packages/core/test/support/table.ts'`
    const files = { 'packages/core/test/support/table.ts': 'export {}', 'tests/e2e/x.ts': line }
    expect(findings(files)).toEqual([])
    const other = { ...files, 'apps/lobby/src/x.ts': `import '../../../packages/core/test/support/table.ts'` }
    expect(findings(other)).toHaveLength(1)
  })

  test('is not a way into sources', () => {
    const files = {
      'packages/core/src/clock.ts': 'export {}',
      'tests/e2e/x.ts': `import '../../packages/core/src/clock.ts'`,
    }
    expect(findings(files)).toHaveLength(1)
  })
})

describe('rings', () => {
  test('a ring of three files is told once, with its path', () => {
    const a = `\nimport './b.ts'\n`
    const b = `export * from './c.ts'\n`
    const c = `import './a.ts'\nimport './clock.ts'\n`
    const files = { 'packages/core/src/a.ts': a, 'packages/core/src/b.ts': b, 'packages/core/src/c.ts': c }
    expect(findings(files)).toEqual(['packages/core/src/a.ts:2 ring src/a.ts -> src/b.ts -> src/c.ts -> src/a.ts'])
  })

  test('types close a ring too', () => {
    const files = {
      'packages/core/src/a.ts': `import type { B } from './b.ts'\nexport type A = B\n`,
      'packages/core/src/b.ts': `export type B = import('./a.ts').A\n`,
    }
    expect(findings(files)).toEqual(['packages/core/src/a.ts:1 ring src/a.ts -> src/b.ts -> src/a.ts'])
  })

  test('a file that imports itself is a ring', () => {
    const files = { 'packages/core/src/a.ts': `import './a.ts'\n` }
    expect(findings(files)).toEqual(['packages/core/src/a.ts:1 ring src/a.ts -> src/a.ts'])
  })

  test('two ways to one file are no ring', () => {
    const files = {
      'packages/core/src/a.ts': `import './b.ts'\nimport './c.ts'\n`,
      'packages/core/src/b.ts': `import './c.ts'\n`,
      'packages/core/src/c.ts': ``,
    }
    expect(findings(files)).toEqual([])
  })
})

describe('node', () => {
  test.each([
    'packages/core/src/x.ts',
    'packages/client/src/x.ts',
    'packages/dialects/src/plain/x.ts',
    'packages/server/src/hub/x.ts',
    'packages/server/src/channel/x.ts',
    'packages/server/src/presence/x.ts',
    'packages/server/src/log/x.ts',
    'packages/server/src/broker/x.ts',
  ])('%s may not import it', (path) => {
    expect(findings({ [path]: `import 'node:fs'\nimport type { A } from 'events'\n` })).toEqual([
      `${path}:1 node node:fs`,
      `${path}:2 node events`,
    ])
  })

  test('the rest of the server may', () => {
    expect(findings({ 'packages/server/src/transport/x.ts': `import 'node:net'\n` })).toEqual([])
  })
})

describe('ambient time and chance', () => {
  test.each([
    ['Date.now()', 'Date.now'],
    ['new Date()', 'Date()'],
    ['Date()', 'Date()'],
    ['performance.now()', 'performance.now'],
    ['setTimeout(() => {}, 1)', 'setTimeout'],
    ['setInterval(() => {}, 1)', 'setInterval'],
    ['setImmediate(() => {})', 'setImmediate'],
    ['Math.random()', 'Math.random'],
    ['crypto.randomUUID()', 'crypto.randomUUID'],
    ['crypto.getRandomValues(new Uint8Array(1))', 'crypto.getRandomValues'],
    ['AbortSignal.timeout(1)', 'AbortSignal.timeout'],
    ['globalThis.setTimeout(() => {}, 1)', 'setTimeout'],
    [`window.Date['now']()`, 'Date.now'],
    ['globalThis.crypto?.randomUUID()', 'crypto.randomUUID'],
    ['{ now: Date.now }', 'Date.now'],
    ['(random = Math.random) => random', 'Math.random'],
    ['[setTimeout]', 'setTimeout'],
    ['(() => { const { random } = Math; return random })', 'Math.random'],
    ['(() => { const { setTimeout: later } = globalThis; return later })', 'setTimeout'],
    ['(() => { const time = Date; return time })', 'Date.now'],
    ['setTimeout as unknown', 'setTimeout'],
  ])('%s is found', (expression, name) => {
    expect(findings({ 'packages/core/src/x.ts': `\nexport const x = ${expression}\n` })).toEqual([
      `packages/core/src/x.ts:2 ambient ${name}`,
    ])
  })

  test.each([
    'packages/client/src/x.ts',
    'packages/dialects/src/plain/x.ts',
    'packages/server/src/hub/x.ts',
    'packages/server/src/channel/x.ts',
    'packages/server/src/presence/x.ts',
    'packages/server/src/log/x.ts',
  ])('%s may not read it', (path) => {
    expect(findings({ [path]: `Date.now()\n` })).toEqual([`${path}:1 ambient Date.now`])
  })

  test.each(['packages/client/src/ambient.ts', 'packages/server/src/http/x.ts', 'packages/core/test/x.test.ts'])(
    '%s may',
    (path) => {
      expect(findings({ [path]: `Date.now()\n` })).toEqual([])
    },
  )

  test('members, types and own names that are called alike are not it', () => {
    const x = `export const x = (clock: { setTimeout(): void; now: typeof Date.now }): void => clock.setTimeout()
export class Timer { setTimeout(): void {} }
export const y = { setTimeout: 1, random: Math.floor(1) }
export const z = (Date: { now(): number }): number => Date.now()
export const isDate = (value: unknown): boolean => value instanceof Date\n`
    expect(findings({ 'packages/core/src/x.ts': x })).toEqual([])
  })
})

test('a file that cannot be parsed is a finding', () => {
  expect(findings({ 'packages/core/src/x.ts': '\nexport const = 1\n' })).toEqual([
    expect.stringMatching(/^packages\/core\/src\/x\.ts:2 parse /),
  ])
})

test('the command prints a line for each finding and ends with 1', () => {
  const script = new URL('../layers.mjs', import.meta.url).pathname
  const root = house({ 'packages/core/src/x.ts': `import 'node:fs'\n` })
  const bad = spawnSync(process.execPath, [script, root], { encoding: 'utf8' })
  expect(bad.stdout).toContain(inspect(root).map(toLine).join('\n'))
  expect(bad.stdout).toMatch(/^packages\/core\/src\/x\.ts:1 {2}node {2}node:fs: this room runs anywhere; let a shell/)
  expect(bad.status).toBe(1)
  const good = spawnSync(process.execPath, [script, house()], { encoding: 'utf8' })
  expect([good.stdout, good.status]).toEqual(['', 0])
})
