import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../support/program.ts'

/** A file of docs/deploy, as it is shipped. */
export const shipped = (name: string): string => readFileSync(join(root, 'docs/deploy', name), 'utf8')

/**
 * The text with something else in these places, each of which it has once. What a test runs is then what is shipped.
 * @throws Error if one of them is not there, or twice.
 */
export function substitute(text: string, changes: Readonly<Record<string, string>>): string {
  return Object.entries(changes).reduce((changed, [from, to]) => {
    const [before, after, ...more] = changed.split(from)
    if (before === undefined || after === undefined || more.length > 0)
      throw new Error(`"${from}" is ${more.length > 0 ? 'more than once' : 'not'} in the configuration`)
    return before + to + after
  }, text)
}
