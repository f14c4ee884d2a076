import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { System } from './catalogue.ts'

/** What a system is started with, or why it cannot be. */
export type Provided =
  | { readonly ready: true; readonly command: string; readonly args: readonly string[] }
  | { readonly ready: false; readonly reason: string }

/**
 * Brings what a system needs beside the repository's dependencies. `'if-there'` installs nothing.
 * @param bench the folder of the benchmark
 */
export function provide(bench: string, system: System, install: 'when-missing' | 'if-there'): Provided {
  const { optional, runtime, title } = system
  const program = join(bench, 'dist/systems', `${system.program}.js`)
  if (optional !== null) {
    const folder = join(bench, 'optional', optional)
    if (!existsSync(join(folder, 'node_modules'))) {
      if (install === 'if-there') return { ready: false, reason: `${title} is not installed in bench/optional` }
      const args = ['install', '--ignore-scripts', '--no-package-lock', '--no-audit', '--no-fund', '--loglevel=error']
      const { status, stderr } = spawnSync('npm', args, { cwd: folder, encoding: 'utf8' })
      if (status !== 0) return { ready: false, reason: `${title} cannot be installed: ${lastLine(stderr)}` }
    }
  }
  if (runtime === 'node') return { ready: true, command: process.execPath, args: ['--expose-gc', program] }
  const bun = findBun(join(bench, 'optional/bun/node_modules/@oven'))
  if (bun === null) return { ready: false, reason: 'No binary of Bun runs on this machine' }
  return { ready: true, command: bun, args: [program] }
}

/** Its package comes with a binary for each kind of machine that could be this one, and a script that picks; we try. */
function findBun(folder: string): string | null {
  if (!existsSync(folder)) return null
  const binaries = readdirSync(folder).map((name) => join(folder, name, 'bin', 'bun'))
  return binaries.find((path) => spawnSync(path, ['--version']).status === 0) ?? null
}

function lastLine(text: string | null): string {
  return text?.trim().split('\n').at(-1) ?? 'npm is missing'
}
