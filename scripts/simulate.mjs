// `npm run simulate`: see tests/simulation/main.ts. Bundled from the sources, so what runs is what is there.
import './node-version.mjs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { root } from './step.mjs'

const outfile = join(root, 'node_modules/.cache/rollcall/simulate.mjs')

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

await build({
  absWorkingDir: root,
  entryPoints: ['tests/simulation/main.ts'],
  outfile,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  conditions: ['@rollcall/source'],
  sourcemap: true,
  logLevel: 'error',
  plugins: [outside],
})
await import(pathToFileURL(outfile).href)
