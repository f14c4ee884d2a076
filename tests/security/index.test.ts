import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { root } from '../support/program.ts'
import { mutants } from './mutants.mjs'

const readme = readFileSync(new URL('README.md', import.meta.url), 'utf8')

/** The rows of the three tables of threats. */
const rows = [...readme.matchAll(/^\| ([^|]*) ?\| (`[^|]+`[^|]*) \| `([^`]+)` \|$/gm)].flatMap(
  ([, threat = '', tests = '', file = '']) =>
    [...tests.matchAll(/`([^`]+)`/g)].map(([, name = '']) => ({ threat: threat.trim(), name, file })),
)

test('thirty-five threats have tests', () => {
  const threats = rows.map(({ threat }) => threat).filter((threat) => threat !== '')
  expect([threats.length, new Set(threats).size]).toEqual([35, 35])
})

test.each(rows)('$name is in $file', ({ name, file }) => {
  const path = `${root}${file}`
  expect(existsSync(path)).toBe(true)
  expect(readFileSync(path, 'utf8')).toContain(name)
})

describe('a mutant', () => {
  test.each(mutants)('without $name has one line to take out, and tests to run', ({ name, file, find, tests }) => {
    expect(readFileSync(`${root}${file}`, 'utf8').split(find)).toHaveLength(2)
    expect(existsSync(`${root}${tests}`)).toBe(true)
    expect(readme).toContain(`| ${name} |`)
  })
})
