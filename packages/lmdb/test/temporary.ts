import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'

const folders: string[] = []

/** A path for a log, in a folder that is removed after the test. */
export function temporary(): string {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-lmdb-'))
  folders.push(folder)
  return join(folder, 'log')
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})
