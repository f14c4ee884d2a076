// Bundles the harness, the load generator and the systems from the sources of the packages, so nothing measured is stale.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { fromSources } from '../scripts/from-sources.mjs'

const here = import.meta.dirname
const systems = readdirSync(join(here, 'src/systems'))
  .filter((file) => file !== 'stage.ts')
  .map((file) => `src/systems/${file}`)

/** The command that serves with workers, and the program of a worker, which it finds beside itself. */
const command = ['main', 'serve-worker']

/** The one that the security tests attack with. */
const hostile = { in: join(here, '../tests/security/programs/hostile.ts'), out: 'hostile' }

/** Brings bench/dist up to date. */
export async function bundle() {
  await build({
    absWorkingDir: here,
    entryPoints: [
      ...['src/main.ts', 'src/generator/main.ts', 'src/chat-app.ts', ...systems].map((file) => ({
        in: file,
        out: file.slice('src/'.length, -'.ts'.length),
      })),
      ...command.map((name) => ({ in: join(here, `../packages/server/src/cli/${name}.ts`), out: `command/${name}` })),
      hostile,
    ],
    outdir: 'dist',
    ...fromSources,
  })
}
