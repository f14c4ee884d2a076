import type { AnyListener } from './events.ts'

// Lists of catch-all listeners; null where there was never one. Lists are replaced, not changed: one may be being called.

export function addLast(list: readonly AnyListener[] | null, listener: AnyListener): AnyListener[] {
  return [...(list ?? []), listener]
}

export function addFirst(list: readonly AnyListener[] | null, listener: AnyListener): AnyListener[] {
  return [listener, ...(list ?? [])]
}

/** Without the first occurrence of `listener`; empty without one. */
export function remove(list: readonly AnyListener[] | null, listener: AnyListener | undefined): AnyListener[] | null {
  if (!list || !listener) return list && []
  const at = list.indexOf(listener)
  return at < 0 ? [...list] : list.toSpliced(at, 1)
}
