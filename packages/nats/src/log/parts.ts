import type { Link } from '../link.ts'
import type { LogSettings } from './options.ts'
import type { Stream } from './stream.ts'

/** What all topics of a log share. */
export interface LogParts {
  readonly link: Link
  readonly stream: Stream
  readonly settings: LogSettings
  closed(): boolean
}
