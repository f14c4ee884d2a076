import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { open, type RootDatabase, type Transaction } from 'lmdb'
import { FolderError } from '../errors.ts'
import { FileWalk } from '../file/walk.ts'
import { inUse } from './owner.ts'
import { pinned } from './pin.ts'
import { newestHead } from './seal.ts'

// Keeps a second process out. An environment of the engine that holds nothing: who has the folder open has a reader in its
// table. The table is in the kernel's hands: it is emptied when nobody has the file open any more, and a slot of a dead
// process is told by a lock that died with it. So it holds across containers that share the folder, where process ids
// say nothing, and `kill -9` leaves nothing behind.

/** Its name begins like the marker's: a folder with nothing else in it is an empty one. */
const GUARD = 'rollcall-log.guard'
export const GUARD_LOCK = 'rollcall-log.guard-lock'

export class Guard {
  private readonly environment: RootDatabase
  private readonly reader: Transaction

  /** @throws FolderError with `in_use` if another process holds the guard of this folder. */
  constructor(folder: string) {
    const path = join(folder, GUARD)
    refuseIfUnsound(folder, path)
    this.environment = open(path, { noSubdir: true, noSync: true, overlappingSync: false, maxDbs: 0, maxReaders: 16 })
    // First a reader of our own, then a look for others: of two that start at once, at least one sees the other.
    this.reader = pinned(this.environment)
    this.environment.readerCheck()
    const readers = this.environment.readerList().match(/^\s*\d+ /gm) ?? []
    if (readers.length <= 1) return
    const other = readers.map(Number).find((pid) => pid !== process.pid)
    this.reader.done()
    void this.environment.close()
    throw inUse(folder, other)
  }

  async release(): Promise<void> {
    this.reader.done()
    await this.environment.close()
  }
}

function refuseIfUnsound(folder: string, path: string): void {
  if (!existsSync(path) || statSync(path).size === 0) return
  const fd = openSync(path, 'r')
  try {
    const newest = newestHead(fd)
    if (typeof newest === 'string') throw new Error(newest)
    const { pageSize } = newest.meta
    const read = (first: number, count: number, into: Buffer): boolean =>
      readSync(fd, into, 0, count * pageSize, first * pageSize) === count * pageSize
    new FileWalk(newest.meta, read).run({})
  } catch (error) {
    throw new FolderError('damaged', folder, `${GUARD} cannot be read`, { cause: error })
  } finally {
    closeSync(fd)
  }
}
