import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { FolderError } from '../errors.ts'
import { syncFolder } from './sync.ts'

// The marker tells that a folder is a log, and of which format. It is written first, as `creating`, and again when the
// rest stands: a folder whose making was cut short can be told from a damaged one.

const PREFIX = 'rollcall-log.'
const MARKER = `${PREFIX}json`
const DRAFT = `${PREFIX}json.new`
const FORMAT = 'rollcall-log'
const VERSION = 1

export type FolderState = 'empty' | 'creating' | 'ready'

/**
 * What a folder is, by its names and its marker alone. Touches nothing.
 * @throws FolderError if it is foreign, newer or damaged.
 */
export function readMarker(folder: string): FolderState {
  const names = namesIn(folder)
  if (names === null || names.every((name) => name !== MARKER && name.startsWith(PREFIX))) return 'empty'
  if (!names.includes(MARKER)) {
    const reason = `it is not empty and has no ${MARKER}, so it holds something else; name another folder`
    throw new FolderError('foreign', folder, reason)
  }
  const marker = parseMarker(readFileSync(join(folder, MARKER), 'utf8'))
  if (!marker) throw new FolderError('damaged', folder, `${MARKER} cannot be read`)
  if (marker.version > VERSION) {
    const reason = `it has format ${marker.version}, and this version knows formats up to ${VERSION}; use a newer one`
    throw new FolderError('newer', folder, reason)
  }
  return marker.creating ? 'creating' : 'ready'
}

export function writeMarker(folder: string, state: 'creating' | 'ready'): void {
  const marker = { format: FORMAT, version: VERSION, ...(state === 'creating' ? { creating: true } : {}) }
  writeFileSync(join(folder, DRAFT), `${JSON.stringify(marker)}\n`, { flush: true })
  renameSync(join(folder, DRAFT), join(folder, MARKER))
  syncFolder(folder)
}

function namesIn(folder: string): string[] | null {
  try {
    return readdirSync(folder)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return null
    if (code === 'ENOTDIR') throw new FolderError('foreign', folder, 'it is not a folder', { cause: error })
    throw error
  }
}

function parseMarker(text: string): { version: number; creating: boolean } | null {
  try {
    const marker: unknown = JSON.parse(text)
    if (typeof marker !== 'object' || marker === null) return null
    const { format, version, creating } = marker as Record<string, unknown>
    if (format !== FORMAT || !Number.isSafeInteger(version) || Number(version) < 1) return null
    return { version: Number(version), creating: creating === true }
  } catch {
    return null
  }
}
