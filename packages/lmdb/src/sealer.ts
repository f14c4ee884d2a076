import type { Undo } from '@rollcall/core'
import type { SealMark } from './folder/seal.ts'
import type { Store } from './folder/store.ts'
import type { ResolvedOptions } from './options.ts'
import type { Entry } from './topic.ts'

/** What is written is flushed so often, or after about so many pages: until then freed pages cannot be used again. */
const SEAL_MS = 1_000
const SEAL_PAGES = 8_192

/** Flushes what was written, one flush at a time, and tells those who wait for it. */
export class Sealer {
  private readonly options: ResolvedOptions
  private readonly store: Store
  private readonly mark: SealMark
  private readonly accept: (entry: Entry) => void
  /** Written, in order, and waiting for a flush. */
  private waiting: Entry[] = []
  private unsealed = 0
  private isSealing = false
  private undo: Undo | null = null
  private onIdle: (() => void) | null = null
  /** A flush has failed. It says nothing when it is tried again: the system may have dropped the pages. */
  broken: Error | null = null

  constructor(options: ResolvedOptions, store: Store, mark: SealMark, accept: (entry: Entry) => void) {
    this.options = options
    this.store = store
    this.mark = mark
    this.accept = accept
  }

  /** Entries were written that are to be accepted when they are flushed. */
  await(entries: readonly Entry[]): void {
    for (const entry of entries) this.waiting.push(entry)
    this.seal()
  }

  /** About so many pages were written that nobody waits for. */
  note(pages: number): void {
    this.unsealed += pages
    if (this.unsealed >= SEAL_PAGES) this.seal()
    else if (!this.undo && !this.isSealing) this.sealLater()
  }

  /** Ends with a flush of everything, which says that the log was closed if `isWhole`. */
  async close(isWhole: boolean): Promise<void> {
    while (this.isSealing) {
      await new Promise<void>((resolve) => {
        this.onIdle = resolve
      })
    }
    this.undo?.()
    if (this.broken) throw new Error('The log was closed, but the disk has failed', { cause: this.broken })
    if (!isWhole) return
    await new Promise<void>((resolve, reject) => {
      this.store.seal({ ...this.mark, closed: true }, (error) => (error ? reject(error) : resolve()))
    })
  }

  private sealLater(): void {
    this.undo = this.options.clock.after(SEAL_MS, () => {
      this.undo = null
      this.seal()
    })
  }

  private seal(): void {
    if (this.isSealing || this.broken) return
    this.isSealing = true
    this.undo?.()
    this.undo = null
    const covered = this.waiting
    this.waiting = []
    this.unsealed = 0
    this.store.seal(this.mark, (error) => {
      this.isSealing = false
      if (error) this.breakDown(error, covered)
      else for (const entry of covered) this.accept(entry)
      if (this.waiting.length > 0 || this.unsealed >= SEAL_PAGES) this.seal()
      else if (this.unsealed > 0 && !this.undo) this.sealLater()
      this.onIdle?.()
    })
  }

  private breakDown(error: Error, covered: readonly Entry[]): void {
    this.broken = error
    this.options.report(error)
    for (const { answer } of [...covered, ...this.waiting])
      answer?.reject(new Error('The disk failed while this message was being flushed to it', { cause: error }))
    this.waiting = []
    this.unsealed = 0
  }
}
