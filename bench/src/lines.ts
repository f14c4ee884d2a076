import { createInterface } from 'node:readline'

/** Marks the lines of standard output that are answers; a program may print others. */
export const LINE_MARK = '\u001ebench '

export type Answers = Readonly<Record<string, (given: never) => unknown>>

/**
 * Lets this process answer what its parent asks: one JSON object a line on standard input, `{id, ask, given}`. When
 * standard input ends, so does the process: nothing is left behind when the parent dies.
 */
export function answerLines(answers: Answers): void {
  const lines = createInterface({ input: process.stdin })
  lines.on('line', (line) => {
    const { id, ask, given } = JSON.parse(line) as { id: number; ask: string; given: unknown }
    answer(answers, ask, given).then(
      (result) => tell({ id, result }),
      (error: unknown) => tell({ id, error: error instanceof Error ? error.message : String(error) }),
    )
  })
  lines.on('close', () => process.exit(0))
}

async function answer(answers: Answers, ask: string, given: unknown): Promise<unknown> {
  const found = answers[ask] as ((given: unknown) => unknown) | undefined
  if (!found) throw new Error(`Nobody answers "${ask}" here`)
  return await found(given)
}

/** Writes a line that the parent reads. */
function tell(line: object): void {
  process.stdout.write(`${LINE_MARK}${JSON.stringify(line)}\n`)
}
