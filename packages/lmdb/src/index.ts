export { FolderError, type FolderFault } from './errors.ts'
export { lmdbLog } from './open.ts'
export type { Accepted, LmdbLogOptions } from './options.ts'
