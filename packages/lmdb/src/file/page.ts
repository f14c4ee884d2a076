// The file format of LMDB (data version 2, 64 bit, little-endian), as far as it is needed to tell a sound file from a
// damaged one before the engine maps it: the engine trusts what it reads, and a wrong byte can end the process.
// Source: mdb.c of liblmdb, structs MDB_page_header, MDB_node, MDB_db and MDB_meta.

export const PAGE_HEADER = 24
export const NODE_HEADER = 8
export const BRANCH = 0x01
export const LEAF = 0x02
export const OVERFLOW = 0x04
const META = 0x08
export const BIG_VALUE = 0x01
export const SUB_TREE = 0x02
/** The root of a tree without entries: all bits set. */
const NO_PAGE = 0xffffffffffffffffn

const MAGIC = 0xbeefc0de
const DATA_VERSION = 2
/** How much of a meta page is used, its header included. */
export const META_BYTES: number = PAGE_HEADER + 144

/** Marks of the tree of free pages, which also carries those of the environment. */
const INTEGER_KEYS = 0x08
const NO_SUBDIR = 0x4000
/** What user space can map on common 64-bit machines. */
const MAX_MAP = 2 ** 46
const TXN = PAGE_HEADER + 128

/** A tree of the file, as its descriptor names it. */
export interface Tree {
  /** How its keys and values are kept: 0 as everything of ours is. */
  readonly flags: number
  /** Null if the tree is empty. */
  readonly root: number | null
  readonly depth: number
  readonly branchPages: number
  readonly leafPages: number
  readonly overflowPages: number
  readonly entries: number
}

/** The head of one committed state of the file. */
export interface Meta {
  readonly pageSize: number
  readonly txn: number
  readonly lastPage: number
  readonly mapSize: number
  readonly free: Tree
  readonly main: Tree
}

/** What a meta page says, or why it says nothing. */
export function readMeta(page: Buffer): Meta | string {
  if (page.length < META_BYTES) return 'it is too short'
  if (page.readUInt16LE(18) !== META || page.readUInt32LE(PAGE_HEADER) !== MAGIC) return 'it does not begin as it must'
  const version = page.readUInt32LE(PAGE_HEADER + 4) & 0xffff
  if (version !== DATA_VERSION) return `its engine format is ${version}, not ${DATA_VERSION}`
  const pageSize = page.readUInt32LE(PAGE_HEADER + 24)
  if (pageSize < 512 || pageSize > 65_536 || (pageSize & (pageSize - 1)) !== 0) return `its page size is ${pageSize}`
  const free = readTree(page, PAGE_HEADER + 24)
  const main = readTree(page, PAGE_HEADER + 72)
  const mapSize = readSafe(page, PAGE_HEADER + 16)
  const lastPage = readSafe(page, PAGE_HEADER + 120)
  const txn = readSafe(page, TXN)
  if (!free || !main || lastPage === null || txn === null || mapSize === null)
    return 'a number in its head is out of range'
  if (main.flags !== 0 || (free.flags & ~NO_SUBDIR) !== INTEGER_KEYS) return 'it has unknown marks'
  if (page.readBigUInt64LE(PAGE_HEADER + 8) !== 0n) return 'it wants to be mapped at one address'
  if (mapSize > MAX_MAP || lastPage * pageSize > MAX_MAP) return 'it says that it is larger than can be mapped'
  return { pageSize, txn, lastPage, mapSize, free, main }
}

/**
 * The newest of a file's two heads, or why they cannot be trusted: the engine uses both, and of two states that follow on
 * each other one is always in either.
 */
export function newestMeta(first: Buffer, second: Buffer): { slot: 0 | 1; meta: Meta } | string {
  const a = readMeta(first)
  if (typeof a === 'string') return `its first head is wrong: ${a}`
  const b = readMeta(second)
  if (typeof b === 'string') return `its second head is wrong: ${b}`
  if (a.pageSize !== b.pageSize) return 'its heads do not agree'
  const isNew = a.txn === 0 && b.txn === 0
  if (!isNew && (Math.abs(a.txn - b.txn) !== 1 || (a.txn & 1) !== 0)) return 'its heads do not follow on each other'
  return a.txn >= b.txn ? { slot: 0, meta: a } : { slot: 1, meta: b }
}

/** The descriptor of a tree; null if a number in it is impossible. */
export function readTree(bytes: Buffer, at: number): Tree | null {
  if (at + 48 > bytes.length) return null
  const root = bytes.readBigUInt64LE(at + 40)
  const flags = bytes.readUInt16LE(at + 4)
  const depth = bytes.readUInt16LE(at + 6)
  const branchPages = readSafe(bytes, at + 8)
  const leafPages = readSafe(bytes, at + 16)
  const overflowPages = readSafe(bytes, at + 24)
  const entries = readSafe(bytes, at + 32)
  const rootPage = root === NO_PAGE ? 0 : readSafe(bytes, at + 40)
  if (branchPages === null || leafPages === null || overflowPages === null || entries === null || rootPage === null)
    return null
  return { flags, root: root === NO_PAGE ? null : rootPage, depth, branchPages, leafPages, overflowPages, entries }
}

/** A whole number of 64 bits; null beyond 2^53 - 1. */
export function readSafe(bytes: Buffer, at: number): number | null {
  const high = bytes.readUInt32LE(at + 4)
  return high > 0x1f_ffff ? null : high * 0x1_0000_0000 + bytes.readUInt32LE(at)
}

/** The used part of a meta page, made to stand in `slot` (0 or 1) and to name transaction `txn`. */
export function metaFor(slot: number, txn: number, source: Buffer): Buffer {
  const page = Buffer.from(source.subarray(0, META_BYTES))
  page.writeBigUInt64LE(BigInt(slot), 0)
  page.writeBigUInt64LE(BigInt(txn), TXN)
  return page
}
