// Builds every package (tsc, incrementally) and the lobby's web page (vite, when what it is made of has changed).
import './node-version.mjs'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fail, root, runInstalled, step } from './step.mjs'

const web = 'apps/lobby/dist/web'
const webStamp = join(root, web, '.made-of')
const webInputs = ['apps/lobby', 'packages/core', 'packages/client', 'packages/react', 'package-lock.json']

/**
 * The files below a path, without what is built or installed.
 * @param {string} path
 * @returns {string[]}
 */
function filesOf(path) {
  if (!existsSync(join(root, path))) return []
  const entries = readdirSync(join(root, path), { withFileTypes: true })
  return entries.flatMap((entry) => {
    if (['dist', 'node_modules', 'test', 'data'].includes(entry.name)) return []
    const below = `${path}/${entry.name}`
    return entry.isDirectory() ? filesOf(below) : [below]
  })
}

function webMadeOf() {
  const hash = createHash('sha256')
  const files = webInputs.flatMap((path) => (path.includes('.') ? [path] : filesOf(path)))
  for (const file of files.sort()) hash.update(`${file}\0`).update(readFileSync(join(root, file)))
  return hash.digest('hex')
}

async function buildWeb() {
  if (!existsSync(join(root, 'apps/lobby/web/index.html'))) return
  const madeOf = webMadeOf()
  if (existsSync(webStamp) && readFileSync(webStamp, 'utf8') === madeOf) return
  await runInstalled('vite/bin/vite.js', ['build', '--config', 'apps/lobby/vite.config.ts', '--logLevel', 'warn'])
  writeFileSync(webStamp, madeOf)
}

/** npm has linked no command when it installed, for there was no file yet; do what it would have done. */
function linkCommand() {
  const command = join(root, 'packages/server/dist/cli/main.js')
  if (!existsSync(command) || process.platform === 'win32') return
  chmodSync(command, 0o755)
  const link = join(root, 'node_modules/.bin/rollcall')
  if (existsSync(link)) return
  rmSync(link, { force: true })
  mkdirSync(join(root, 'node_modules/.bin'), { recursive: true })
  symlinkSync('../rollcall/dist/cli/main.js', link)
}

/** Compiles the packages, their types checked. */
export async function compile() {
  await runInstalled('typescript/bin/tsc', ['-b'])
  linkCommand()
}

/** Brings everything that is built up to date. */
export async function build() {
  const parts = await Promise.allSettled([compile(), buildWeb()])
  for (const part of parts) if (part.status === 'rejected') throw part.reason
}

/** Takes away what was built. */
function clean() {
  for (const folder of ['packages', 'apps'])
    for (const name of readdirSync(join(root, folder)))
      rmSync(join(root, folder, name, 'dist'), { recursive: true, force: true })
}

if (process.argv[1] === import.meta.filename) {
  if (process.argv.includes('--clean')) clean()
  await step('build', build).catch(fail)
}
