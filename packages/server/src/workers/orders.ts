/** What the primary tells a worker, beside the line. */
export type ToWorker =
  /** The first: what to serve. */
  | {
      readonly kind: 'serve'
      readonly file: string
      readonly port: number
      readonly host: string
      /** Which worker this is, from 1. */
      readonly number: number
      /** Its id as a node. */
      readonly node: string
      /** How many workers there are. */
      readonly workers: number
      /** Where they meet; null if there is no such place. */
      readonly folder: string | null
    }
  /** Send your clients away, and end. */
  | { readonly kind: 'stop' }

/** What a worker tells the primary, beside the line. */
export type FromWorker =
  /** It listens to orders; what was said before is lost. */
  | { readonly kind: 'ready' }
  | { readonly kind: 'serving'; readonly url: string }
  /** It cannot serve, and ends. */
  | { readonly kind: 'failed'; readonly message: string }

/** Where a worker finds its line: behind standard input, output, error, and Node's own channel. */
export const LINE_FD = 4
