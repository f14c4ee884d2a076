import { closeSync, existsSync, mkdirSync, openSync, rmSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import type { Undo } from '@rollcall/core'
import { FolderError } from '../errors.ts'
import type { Meta } from '../file/page.ts'
import { isSameBoot } from './boot.ts'
import { checkFile } from './check.ts'
import { GUARD_LOCK, Guard } from './guard.ts'
import { readMarker, writeMarker } from './marker.ts'
import { own, refuseIfOwned } from './owner.ts'
import { newestHead, putBack, readSeal, SEAL, type Seal, type SealMark, SealWriter } from './seal.ts'
import { DATA, LOCK, Store } from './store.ts'

/** What an empty log takes, and some more. */
const ROOM = 512 * 1024

export interface OpenedFolder {
  readonly store: Store
  /** Whether messages that were accepted may be missing: their offsets must not be used again in the same epoch. */
  readonly lostTail: boolean
  /** Lets the folder go. The store is closed before. */
  release(): Promise<void>
}

/** What is in a folder that is to be opened. */
interface Found {
  readonly seal: Seal
  /** The machine went down without a close: only what was sealed can be trusted. */
  readonly wentDown: boolean
  readonly meta: Meta
}

/**
 * Opens a folder, or makes it. Looks first and writes after: what throws `FolderError` has changed nothing.
 * `boot` names the present run of the operating system.
 */
export async function openFolder(folder: string, mark: SealMark): Promise<OpenedFolder> {
  const isReady = readMarker(folder) === 'ready'
  refuseIfOwned(folder)
  let found = isReady ? look(folder, mark.boot) : null
  if (!isReady) mkdirSync(folder, { recursive: true })
  refuseIfFull(folder)
  const guard = new Guard(folder)
  let disown: Undo = () => {}
  try {
    disown = own(folder)
    if (found) {
      // Somebody may have opened and closed it between the look and the guard.
      if (!isAsSeen(folder, found)) found = look(folder, mark.boot)
      if (found.wentDown) putBack(join(folder, DATA), found.seal)
    } else begin(folder)
    const seals = new SealWriter(join(folder, SEAL), found?.seal.serial ?? 0)
    const store = new Store(folder, seals)
    if (found) {
      // Before anything is written: until then no reader keeps the sealed pages from being written over.
      store.sealSync(found.seal.mark)
    } else {
      // Twice: a full disk must not keep the second slot from being written some day.
      store.sealSync(mark)
      store.sealSync(mark)
      writeMarker(folder, 'ready')
    }
    return { store, lostTail: found !== null && mayLackMessages(found), release: () => release(guard, disown) }
  } catch (error) {
    await release(guard, disown)
    throw error
  }
}

function isAsSeen(folder: string, found: Found): boolean {
  const now = newest(folder)
  const seal = readSeal(join(folder, SEAL))
  if (seal?.serial !== found.seal.serial) return false
  return found.wentDown || (typeof now !== 'string' && now.txn === found.meta.txn)
}

async function release(guard: Guard, disown: Undo): Promise<void> {
  await guard.release()
  disown()
}

function mayLackMessages({ seal, wentDown }: Found): boolean {
  if (seal.mark.closed || seal.mark.accepted === 'synced') return false
  return seal.mark.accepted === 'memory' || wentDown
}

/** @throws FolderError if the folder's data cannot be trusted. */
function look(folder: string, boot: string): Found {
  const seal = readSeal(join(folder, SEAL))
  if (!seal) throw damaged(folder, `${SEAL} is missing or broken`)
  const wentDown = !seal.mark.closed && !isSameBoot(seal.mark.boot, boot)
  const meta = wentDown ? seal.meta : newest(folder)
  if (typeof meta === 'string') throw damaged(folder, `${DATA}: ${meta}`)
  if (meta.txn < seal.meta.txn) throw damaged(folder, `${DATA} is older than ${SEAL} says; a copy must have all files`)
  try {
    checkFile(join(folder, DATA), meta)
  } catch (error) {
    throw damaged(folder, `${DATA}: ${error instanceof Error ? error.message : error}`, { cause: error })
  }
  return { seal, wentDown, meta }
}

function newest(folder: string): Meta | string {
  let fd: number
  try {
    fd = openSync(join(folder, DATA), 'r')
  } catch (error) {
    return error instanceof Error ? error.message : 'it cannot be opened'
  }
  try {
    const found = newestHead(fd)
    return typeof found === 'string' ? found : found.meta
  } finally {
    closeSync(fd)
  }
}

/** The engine maps its lock files and writes to them: where the disk has no room for that, the system ends the process. */
function refuseIfFull(folder: string): void {
  if ([LOCK, GUARD_LOCK].every((name) => existsSync(join(folder, name)))) return
  const { bavail, bsize } = statfsSync(folder)
  if (bavail * bsize < ROOM) throw new FolderError('full', folder, 'the disk is full')
}

/** Makes room for a new log. Nothing can have been accepted in what an earlier beginning, cut short, has left. */
function begin(folder: string): void {
  writeMarker(folder, 'creating')
  for (const name of [DATA, LOCK, SEAL]) rmSync(join(folder, name), { force: true })
}

function damaged(folder: string, reason: string, options?: ErrorOptions): FolderError {
  const advice = 'restore a copy of the folder, or remove it and begin anew'
  return new FolderError('damaged', folder, `it is damaged (${reason}); ${advice}`, options)
}
