// Programs of the tests and of the benchmark, bundled from the sources: what runs is what is there.
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { root } from './step.mjs'

/** What other people published stays outside. */
const outside = {
  name: 'outside',
  /** @param {import('esbuild').PluginBuild} setup */
  setup({ onResolve }) {
    onResolve({ filter: /^[^.]/ }, ({ kind, path }) => {
      if (kind === 'entry-point' || /^(@rollcall\/|rollcall(\/|$))/.test(path)) return undefined
      return { path, external: true }
    })
  },
}

/**
 * How programs of this repository are bundled.
 *
 * @type {import('esbuild').BuildOptions}
 */
export const fromSources = {
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  conditions: ['@rollcall/source'],
  sourcemap: true,
  logLevel: 'error',
  plugins: [outside],
}

/**
 * Bundles a program, and answers where it is.
 *
 * @param {string} entry below the root
 * @param {string} name of the bundle
 */
export async function bundle(entry, name) {
  const outfile = join(root, 'node_modules/.cache/rollcall', `${name}.mjs`)
  await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile,
    ...fromSources,
  })
  return outfile
}

/**
 * Bundles a program and runs it in this process.
 *
 * @param {string} entry below the root
 * @param {string} name of the bundle
 */
export async function runFromSources(entry, name) {
  await import(pathToFileURL(await bundle(entry, name)).href)
}
