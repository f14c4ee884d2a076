import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { root } from '../support/program.ts'
import { mutants, without } from './mutants.mjs'

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
  test.each(mutants)('without $name has one line to take out, and tests to run', (mutant) => {
    const code = readFileSync(`${root}${mutant.file}`, 'utf8')
    expect(without(code, mutant)).not.toBe(code)
    expect(readFileSync(`${root}${mutant.tests}`, 'utf8')).not.toBe('')
    expect(readme).toContain(`| ${mutant.name} |`)
  })

  test.each([
    ['is not there', 'if (allowed) return', 'its line is there 0 times'],
    ['is there twice', 'refuse()', 'its line is there 2 times'],
  ])('whose line %s is none', (_, find, said) => {
    const code = 'if (!known) refuse()\nif (!welcome) refuse()\n'
    expect(() => without(code, { name: 'a defence', find, replace: '' })).toThrow(said)
  })

  test('that changes nothing is none', () => {
    expect(() => without('refuse()', { name: 'a defence', find: 'refuse()', replace: 'refuse()' })).toThrow('by itself')
  })
})
