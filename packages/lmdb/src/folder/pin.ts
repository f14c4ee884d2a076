import type { RootDatabase, Transaction } from 'lmdb'

/** A reader at the newest committed state: no page of it is written over until `done()`. */
export function pinned(root: RootDatabase<Buffer, Buffer> | RootDatabase): Transaction {
  // biome-ignore lint/correctness/useHookAtTopLevel: the name is the engine's, and no hook
  return root.useReadTransaction()
}
