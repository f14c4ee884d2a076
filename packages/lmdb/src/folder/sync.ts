import { closeSync, fsyncSync, openSync } from 'node:fs'

/** Makes new and renamed names in a folder durable, where the system can. */
export function syncFolder(folder: string): void {
  let fd: number | undefined
  try {
    fd = openSync(folder, 'r')
    fsyncSync(fd)
  } catch {
    // Windows cannot open a folder, and some file systems cannot flush one; both write names through by themselves.
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}
