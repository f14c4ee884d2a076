#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { Failure, Misuse } from './faults.ts'
import { helpOf } from './help.ts'

type Command = (args: readonly string[]) => Promise<number>

// Imported when asked for: neither has to wait for what the other needs.
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import('./serve.ts')).serve,
  join: async () => (await import('./join.ts')).join,
}

/** Runs the command line, and answers how it ended: 0 well, 1 badly, 2 if it was not understood. */
async function run([first, ...rest]: readonly string[]): Promise<number> {
  if (first === '--version' || first === '-v') return print(version())
  if (first === undefined || first === '--help' || first === '-h' || first === 'help') return print(helpOf(rest[0]))
  const command = Object.hasOwn(commands, first) ? commands[first] : undefined
  if (!command) throw new Misuse(`There is no command "${first}"`)
  if (rest.includes('--help') || rest.includes('-h')) return print(helpOf(first))
  return (await command())(rest)
}

function version(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  return String(version)
}

function print(text: string): number {
  process.stdout.write(`${text}\n`)
  return 0
}

// A reader that has seen enough, such as `head`, is no failure. A terminal that was closed is nobody to write to: SIGHUP says
// so, and what is to be done then goes on without it.
process.stdout.on('error', ({ code }: NodeJS.ErrnoException) => {
  if (code !== 'EIO') process.exit(code === 'EPIPE' ? 0 : 1)
})
process.stderr.on('error', () => {})

try {
  process.exitCode = await run(process.argv.slice(2))
} catch (error) {
  if (error instanceof Misuse) process.stderr.write(`rollcall: ${error.message}\nSee rollcall --help\n`)
  else if (error instanceof Failure) process.stderr.write(`rollcall: ${error.message}\n`)
  else throw error
  process.exitCode = error instanceof Misuse ? 2 : 1
}
