// Ends the process, with a sentence, on a Node that is too old. Import it first: everything else may use newer syntax.
import { readFileSync } from 'node:fs'

const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
const wanted = engines.node.replace('>=', '')
const [wantedMajor = 0, wantedMinor = 0] = wanted.split('.').map(Number)
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major < wantedMajor || (major === wantedMajor && minor < wantedMinor)) {
  console.error(
    `Rollcall needs Node ${wanted} or newer; this is Node ${process.versions.node}. See https://nodejs.org/`,
  )
  process.exit(1)
}
