import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { temporary } from './temporary.ts'

const home = process.cwd()

afterEach(() => {
  process.chdir(home)
  vi.restoreAllMocks()
})

describe('README', () => {
  const text = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8')

  it('its example runs', async () => {
    const [, example] = text.match(/```ts\n([\s\S]*?)```/) ?? []
    expect(example).toBe(readFileSync(join(import.meta.dirname, 'readme-example.ts'), 'utf8'))
    const printed = vi.spyOn(console, 'log').mockImplementation(() => {})
    const folder = temporary()
    mkdirSync(folder)
    process.chdir(folder)
    await import('./readme-example.ts')
    expect(printed).toHaveBeenCalledWith(['hi'])
  })

  it('is at most 80 lines', () => {
    expect(text.split('\n').length).toBeLessThanOrEqual(80)
  })
})
