import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ANOMALIES, RULES } from '../src/index.ts'

const guide = readFileSync(new URL('../../../docs/guide/testing.md', import.meta.url), 'utf8')

test('the guide names every rule, and every anomaly but that of a broken record', () => {
  for (const { name } of RULES) expect(guide).toContain(`\`${name}\``)
  for (const name of ANOMALIES) if (name !== 'malformed') expect(guide).toContain(`\`${name}\``)
})
