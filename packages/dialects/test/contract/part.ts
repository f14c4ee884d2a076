import type { Lack, Subject } from './subject.ts'
import type { World } from './world.ts'

/** What the cases of one part are written with. */
export interface Part {
  readonly subject: Subject
  /** The server of the running test. */
  world(): World
  /** Whether a dialect has words for something: cases are skipped where not. */
  has(lack: Lack): boolean
}
