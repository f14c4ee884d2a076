import {
  BIG_VALUE,
  BRANCH,
  LEAF,
  type Meta,
  NODE_HEADER,
  OVERFLOW,
  PAGE_HEADER,
  readSafe,
  readTree,
  SUB_TREE,
  type Tree,
} from './page.ts'

/** Reads `count` pages from page `first` on into `into`; false if the file ends before. */
export type ReadPages = (first: number, count: number, into: Buffer) => boolean

/** Hears of each entry of a tree, in the order of keys. Both buffers are valid only during the call. */
export type VisitEntry = (key: Buffer, value: Buffer) => void

/** What is wrong with a file, in words for its owner. */
export class DamageFound extends Error {
  override readonly name: string = 'DamageFound'
}

const MAX_DEPTH = 32

/**
 * Walks one committed state of a file, and throws `DamageFound` unless it is sound: every page is what its parent takes it
 * for, is used once and is not free, keys rise, and counts agree. Named trees are visited by `visit[name]`.
 */
export class FileWalk {
  private readonly meta: Meta
  private readonly read: ReadPages
  /** One bit for each page: seen as used or as free. */
  private readonly seen: Uint8Array
  private readonly levels: Buffer[] = []

  constructor(meta: Meta, read: ReadPages) {
    this.meta = meta
    this.read = read
    this.seen = new Uint8Array((meta.lastPage >>> 3) + 1)
    this.take(0, 2)
  }

  /** Walks every tree of the file. The answer names those that have a name. */
  run(visit: Readonly<Record<string, VisitEntry>>): Set<string> {
    const names = new Set<string>()
    const trees: [string, Tree][] = []
    this.tree('main', this.meta.main, (key, value, flags) => {
      if (flags !== SUB_TREE) throw new DamageFound('a tree descriptor is missing')
      const tree = readTree(value, 0)
      if (tree === null || tree.flags !== 0) throw new DamageFound('a tree descriptor has impossible values')
      trees.push([key.toString('utf8').replace(/\0+$/, ''), tree])
    })
    for (const [name, tree] of trees) {
      names.add(name)
      const each = visit[name]
      this.tree(name, tree, (key, value, flags) => {
        if (flags !== 0) throw new DamageFound(`an entry of "${name}" has unknown marks`)
        each?.(key, value)
      })
    }
    // Last, when all that is in use has been seen: a page that is in use and free would be written over.
    this.tree('free', this.meta.free, (_, value) => this.takeFree(value), false)
    return names
  }

  private tree(
    name: string,
    tree: Tree,
    visit: (key: Buffer, value: Buffer, flags: number) => void,
    ordered = true,
  ): void {
    const walked = { branchPages: 0, leafPages: 0, overflowPages: 0, entries: 0 }
    if (tree.root !== null) {
      if (tree.depth < 1 || tree.depth > MAX_DEPTH) throw new DamageFound(`the depth of "${name}" is ${tree.depth}`)
      let last: Buffer | null = null
      this.pages(tree.root, 1, tree.depth, walked, (key, value, flags) => {
        walked.entries++
        if (ordered && last && Buffer.compare(last, key) >= 0) throw new DamageFound(`keys of "${name}" do not rise`)
        if (ordered) last = Buffer.from(key)
        visit(key, value, flags)
      })
    }
    for (const count of ['branchPages', 'leafPages', 'overflowPages', 'entries'] as const)
      if (walked[count] !== tree[count])
        throw new DamageFound(`"${name}" has ${walked[count]} ${count} and should have ${tree[count]}`)
  }

  private pages(
    page: number,
    level: number,
    depth: number,
    walked: { branchPages: number; leafPages: number; overflowPages: number },
    visit: (key: Buffer, value: Buffer, flags: number) => void,
  ): void {
    const bytes = this.page(page, level)
    const isLeaf = level === depth
    if (isLeaf) walked.leafPages++
    else walked.branchPages++
    if (bytes.readUInt16LE(18) !== (isLeaf ? LEAF : BRANCH)) throw new DamageFound(`page ${page} is of a wrong kind`)
    const lower = bytes.readUInt16LE(20)
    const upper = bytes.readUInt16LE(22)
    const room = bytes.length - PAGE_HEADER
    if (lower > upper || upper > room || (lower & 1) !== 0) throw new DamageFound(`page ${page} has impossible bounds`)
    const count = lower >> 1
    if (count < (isLeaf ? 1 : 2)) throw new DamageFound(`page ${page} has too few entries`)
    for (let i = 0; i < count; i++) {
      const offset = bytes.readUInt16LE(PAGE_HEADER + i * 2)
      const node = PAGE_HEADER + offset
      if (offset < upper || node + NODE_HEADER > bytes.length) throw new DamageFound(`page ${page} points outside`)
      const keySize = bytes.readUInt16LE(node + 6)
      const keyAt = node + NODE_HEADER
      if (keyAt + keySize > bytes.length) throw new DamageFound(`page ${page} has a key beyond its end`)
      const low = bytes.readUInt32LE(node)
      const flags = bytes.readUInt16LE(node + 4)
      if (isLeaf) {
        const key = bytes.subarray(keyAt, keyAt + keySize)
        visit(key, this.value(page, bytes, keyAt + keySize, low, flags, walked), flags & ~BIG_VALUE)
      } else this.pages(flags * 0x1_0000_0000 + low, level + 1, depth, walked, visit)
    }
  }

  private value(
    page: number,
    bytes: Buffer,
    at: number,
    size: number,
    flags: number,
    walked: { overflowPages: number },
  ): Buffer {
    if ((flags & BIG_VALUE) === 0) {
      if (at + size > bytes.length) throw new DamageFound(`page ${page} has a value beyond its end`)
      return bytes.subarray(at, at + size)
    }
    if (at + 24 > bytes.length) throw new DamageFound(`page ${page} has a value beyond its end`)
    const first = readSafe(bytes, at)
    const count = Math.floor((PAGE_HEADER - 1 + size) / this.meta.pageSize) + 1
    if (first === null || readSafe(bytes, at + 16) !== count)
      throw new DamageFound(`page ${page} has a large value of a wrong size`)
    this.take(first, count)
    const pages = Buffer.allocUnsafe(count * this.meta.pageSize)
    if (!this.read(first, count, pages)) throw new DamageFound(`the file ends before page ${first + count}`)
    const sound =
      readSafe(pages, 0) === first && pages.readUInt16LE(18) === OVERFLOW && pages.readUInt32LE(20) === count
    if (!sound) throw new DamageFound(`page ${first} is not the large value it should be`)
    walked.overflowPages += count
    return pages.subarray(PAGE_HEADER, PAGE_HEADER + size)
  }

  private page(page: number, level: number): Buffer {
    this.take(page, 1)
    this.levels[level] ??= Buffer.allocUnsafe(this.meta.pageSize)
    const bytes = this.levels[level]
    if (!this.read(page, 1, bytes)) throw new DamageFound(`the file ends before page ${page + 1}`)
    if (readSafe(bytes, 0) !== page) throw new DamageFound(`page ${page} says that it is another`)
    return bytes
  }

  /** A list of free pages: a count, then numbers; a negative one is a length, and the first of its pages follows. */
  private takeFree(list: Buffer): void {
    if (list.length < 8 || (list.length & 7) !== 0)
      throw new DamageFound('a list of free pages has an impossible length')
    const count = list.readBigInt64LE(0)
    if (count < 0n || count > BigInt(list.length / 8 - 1)) throw new DamageFound('a list of free pages is cut short')
    for (let i = 1; i <= Number(count); i++) {
      const number = list.readBigInt64LE(i * 8)
      if (number === 0n) continue
      const length = number < 0n ? -number : 1n
      if (number < 0n && ++i > Number(count)) throw new DamageFound('a list of free pages is cut short')
      const first = number < 0n ? list.readBigInt64LE(i * 8) : number
      if (first < 2n || first + length - 1n > BigInt(this.meta.lastPage))
        throw new DamageFound('a free page lies outside of the file')
      this.take(Number(first), Number(length))
    }
  }

  private take(first: number, count: number): void {
    if (first + count - 1 > this.meta.lastPage) throw new DamageFound(`page ${first} lies outside of the file`)
    for (let page = first; page < first + count; page++) {
      const bit = 1 << (page & 7)
      const byte = this.seen[page >>> 3] ?? 0
      if ((byte & bit) !== 0) throw new DamageFound(`page ${page} is used twice`)
      this.seen[page >>> 3] = byte | bit
    }
  }
}
