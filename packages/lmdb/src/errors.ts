/** Why a folder cannot be used. */
export type FolderFault =
  /** It is of this package, but its content is broken: restore a copy, or remove the folder and begin anew. */
  | 'damaged'
  /** A newer version wrote it: use that version. */
  | 'newer'
  /** It holds something else: name another folder. */
  | 'foreign'
  /** Another process, or another log of this one, has it open. */
  | 'in_use'
  /** The disk has no room for the files of a new log. */
  | 'full'

/** A folder that cannot be opened. Nothing in it was changed. */
export class FolderError extends Error {
  readonly fault: FolderFault
  readonly folder: string

  constructor(fault: FolderFault, folder: string, reason: string, options?: ErrorOptions) {
    super(`Cannot open the log in ${folder}: ${reason}`, options)
    this.name = 'FolderError'
    this.fault = fault
    this.folder = folder
  }
}
