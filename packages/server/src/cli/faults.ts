/** The command line was not understood: what is wrong with it. */
export class Misuse extends Error {}

/** The command cannot do its work: one line that says why, and what to do. */
export class Failure extends Error {}

/** What `parseArgs` found wrong, in its first sentence. */
export function misuse(error: unknown): Misuse {
  const [sentence] = (error instanceof Error ? error.message : String(error)).split(/\.\s|\n/)
  return new Misuse((sentence ?? '').replace(/\.$/, ''))
}
