import { join } from 'node:path'
import { build, type Plugin } from 'esbuild'
import { root } from '../../support/program.ts'

/** What other people published stays outside. */
const outside: Plugin = {
  name: 'outside',
  setup({ onResolve }) {
    onResolve({ filter: /^[^.]/ }, ({ kind, path }) => {
      if (kind === 'entry-point' || /^(@rollcall\/|rollcall(\/|$))/.test(path)) return undefined
      return { path, external: true }
    })
  },
}

const made = new Map<string, Promise<string>>()

/** Bundles a program of this folder from the sources, so that what runs is what is there. Answers its path. */
export function bundled(name: string): Promise<string> {
  const known = made.get(name)
  if (known) return known
  const outfile = join(root, `node_modules/.cache/rollcall/cluster/${name}.mjs`)
  const making = build({
    absWorkingDir: root,
    entryPoints: [`tests/faults/cluster/${name}.ts`],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    conditions: ['@rollcall/source'],
    sourcemap: 'inline',
    logLevel: 'error',
    plugins: [outside],
  }).then(() => outfile)
  made.set(name, making)
  return making
}
