import { createHash } from 'node:crypto'
import { cpSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { OWNER } from '../src/folder/owner.ts'
import { temporary } from './temporary.ts'

/** The names and contents of a folder, to be compared. */
export function imageOf(folder: string): Record<string, string> {
  const image: Record<string, string> = {}
  for (const name of readdirSync(folder).sort())
    image[name] = createHash('sha256')
      .update(readFileSync(join(folder, name)))
      .digest('hex')
  return image
}

/** What a folder would be if its process had been killed now: all that was handed to the system. */
export function killed(folder: string): string {
  const copy = temporary()
  cpSync(folder, copy, { recursive: true })
  // The copy's owner is this process, which lives.
  rmSync(join(copy, OWNER), { force: true })
  return copy
}
