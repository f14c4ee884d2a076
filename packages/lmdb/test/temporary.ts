import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'

const folders: string[] = []
/** In memory where there is such a place: hundreds of logs are made, and each flushes the disk several times. */
const base = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

/** A path for a log, in a folder that is removed after the test. */
export function temporary(): string {
  const folder = mkdtempSync(join(base, 'rollcall-lmdb-'))
  folders.push(folder)
  return join(folder, 'log')
}

/** Removes what `temporary` has named so far: between the runs of a property, which would add up. */
export function clearTemporary(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
}

afterEach(clearTemporary)
