import { readFileSync, realpathSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Undo } from '@rollcall/core'
import { FolderError } from '../errors.ts'
import { bootId, isSameBoot, processStart } from './boot.ts'

// Who has the folder open. The file tells people and other processes; that two processes started at the same moment do
// not both go on is seen to by the engine's reader table, which the system itself clears when a process dies.

export const OWNER = 'rollcall-log.owner'

interface Owner {
  readonly pid: number
  readonly start: string | undefined
  readonly boot: string
}

/** Folders that this process has open, shared by every copy of this module in it. */
const key = Symbol.for('@rollcall/lmdb open folders')
const registry = globalThis as { [key]?: Set<string> }
registry[key] ??= new Set()
const open: Set<string> = registry[key]

/**
 * Sees whether a living process has the folder open. Touches nothing.
 * @throws FolderError with `in_use` if so.
 */
export function refuseIfOwned(folder: string): void {
  const owner = readOwner(folder)
  if (isOpenHere(folder)) throw inUse(folder, process.pid)
  if (owner && owner.pid !== process.pid && isRunning(owner)) throw inUse(folder, owner.pid)
}

/** Writes the folder's owner. What it answers takes it back. The folder must exist. */
export function own(folder: string): Undo {
  const path = realpathSync(folder)
  open.add(path)
  const owner: Owner = { pid: process.pid, start: processStart(process.pid) ?? undefined, boot: bootId() }
  try {
    writeFileSync(join(folder, OWNER), `${JSON.stringify(owner)}\n`)
  } catch {
    // On a full disk: the file only names the owner to others, and the reader table keeps them out all the same.
  }
  return () => {
    if (!open.delete(path)) return
    try {
      unlinkSync(join(folder, OWNER))
    } catch {
      // The folder is gone; so is what this file said.
    }
  }
}

export function inUse(folder: string, pid?: number): FolderError {
  const who = pid === process.pid ? 'this process' : pid === undefined ? 'another process' : `process ${pid}`
  return new FolderError('in_use', folder, `${who} has it open; a folder serves one log at a time`)
}

function isOpenHere(folder: string): boolean {
  try {
    return open.has(realpathSync(folder))
  } catch {
    return false
  }
}

function isRunning(owner: Owner): boolean {
  if (!isSameBoot(owner.boot, bootId())) return false
  const start = processStart(owner.pid)
  if (start === null) return false
  return start === undefined || owner.start === undefined || start === owner.start
}

function readOwner(folder: string): Owner | null {
  try {
    const { pid, start, boot } = JSON.parse(readFileSync(join(folder, OWNER), 'utf8')) as Record<string, unknown>
    if (!Number.isSafeInteger(pid) || typeof boot !== 'string') return null
    return { pid: Number(pid), start: typeof start === 'string' ? start : undefined, boot }
  } catch {
    // No file, or one cut short by a crash: the reader table decides.
    return null
  }
}
