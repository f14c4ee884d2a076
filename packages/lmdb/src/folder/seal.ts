import { closeSync, fdatasync, fdatasyncSync, openSync, readSync, write, writeSync } from 'node:fs'
import { crc32 } from 'node:zlib'
import { META_BYTES, type Meta, metaFor, newestMeta, readMeta } from '../file/page.ts'

// The engine commits without waiting for the disk, so after a loss of power the newest heads of the file may point to
// pages that never arrived. A seal is a copy of a head all of whose pages have been flushed, and whose pages a pinned
// reader keeps from being written over. It is put back when the machine went down without a close.

export const SEAL = 'seal'
const MAGIC = 0x52435331
/** Apart, so that a torn write can hit only one of them. */
const SLOT = 4096
const HEAD_AT = 16
const MARK_AT = HEAD_AT + META_BYTES

/** What is known of the folder as of a seal. */
export interface SealMark {
  /** Which run of the operating system wrote it. */
  readonly boot: string
  /** What an accepted message could rely on. */
  readonly accepted: 'memory' | 'written' | 'synced'
  /** Whether the log was closed: nothing came after this seal. */
  readonly closed: boolean
}

export interface Seal {
  readonly serial: number
  /** The used part of the meta page. */
  readonly head: Buffer
  readonly meta: Meta
  /** What the writer wanted to be known with it. */
  readonly mark: SealMark
}

/** The newest whole seal in the folder's seal file; null if there is none. Touches nothing. */
export function readSeal(path: string): Seal | null {
  const bytes = Buffer.alloc(SLOT * 2)
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch {
    return null
  }
  try {
    readSync(fd, bytes, 0, bytes.length, 0)
  } finally {
    closeSync(fd)
  }
  const a = parseSlot(bytes.subarray(0, SLOT))
  const b = parseSlot(bytes.subarray(SLOT))
  return a && b ? (a.serial > b.serial ? a : b) : (a ?? b)
}

/** The head of the newest committed state of a data file; a text says why there is none. */
export function newestHead(fd: number): { head: Buffer; meta: Meta } | string {
  const heads = [Buffer.alloc(META_BYTES), Buffer.alloc(META_BYTES)] as const
  readSync(fd, heads[0], 0, META_BYTES, 0)
  const first = readMeta(heads[0])
  readSync(fd, heads[1], 0, META_BYTES, typeof first === 'string' ? 4096 : first.pageSize)
  const newest = newestMeta(heads[0], heads[1])
  return typeof newest === 'string' ? newest : { head: heads[newest.slot], meta: newest.meta }
}

/** Makes the sealed state the data file's newest one, in both heads. */
export function putBack(path: string, seal: Seal): void {
  const fd = openSync(path, 'r+')
  try {
    const { txn, pageSize } = seal.meta
    for (const each of [txn - 1, txn]) {
      const slot = each & 1
      const page = metaFor(slot, each, seal.head)
      writeSync(fd, page, 0, page.length, slot * pageSize)
    }
    fdatasyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/** Writes seals in turn to the two slots. */
export class SealWriter {
  private readonly fd: number
  private serial: number

  /** `serial` is that of the seal read at opening, or 0. */
  constructor(path: string, serial: number) {
    this.fd = openSync(path, serial === 0 ? 'w' : 'r+')
    this.serial = serial
  }

  /** Writes a head whose pages are on the disk; `done` hears when the seal is there too. */
  write(head: Buffer, mark: SealMark, done: (error: Error | null) => void): void {
    const slot = this.slot(head, mark)
    write(this.fd, slot, 0, SLOT, (this.serial & 1) * SLOT, (error) => {
      if (error) done(error)
      else fdatasync(this.fd, done)
    })
  }

  writeSync(head: Buffer, mark: SealMark): void {
    const slot = this.slot(head, mark)
    writeSync(this.fd, slot, 0, SLOT, (this.serial & 1) * SLOT)
    fdatasyncSync(this.fd)
  }

  close(): void {
    closeSync(this.fd)
  }

  private slot(head: Buffer, mark: SealMark): Buffer {
    this.serial++
    const slot = Buffer.alloc(SLOT)
    slot.writeUInt32LE(MAGIC, 0)
    slot.writeDoubleLE(this.serial, 8)
    head.copy(slot, HEAD_AT, 0, META_BYTES)
    slot.write(JSON.stringify(mark), MARK_AT, 'utf8')
    slot.writeUInt32LE(crc32(slot.subarray(8)), 4)
    return slot
  }
}

function parseSlot(slot: Buffer): Seal | null {
  if (slot.readUInt32LE(0) !== MAGIC || slot.readUInt32LE(4) !== crc32(slot.subarray(8))) return null
  const head = Buffer.from(slot.subarray(HEAD_AT, MARK_AT))
  const meta = readMeta(head)
  if (typeof meta === 'string') return null
  const mark = JSON.parse(slot.toString('utf8', MARK_AT).replace(/\0+$/, '')) as SealMark
  return { serial: slot.readDoubleLE(8), head, meta, mark }
}
