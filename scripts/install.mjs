// Installs the dependencies when they are not those of the lock file.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root, run, step } from './step.mjs'

const stamp = join(root, 'node_modules/.rollcall-installed')

/** What node_modules must have been made of and for. */
function wanted() {
  const hash = createHash('sha256').update(readFileSync(join(root, 'package-lock.json')))
  return `${hash.digest('hex')} ${process.platform}-${process.arch}\n`
}

/** @param {string} path */
const read = (path) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined)

/**
 * Whether somebody's own `npm install` has already brought what the lock file asks for. npm notes at its end what it
 * has put into node_modules; packages for other platforms are not among that.
 */
function broughtByHand() {
  const note = read(join(root, 'node_modules/.package-lock.json'))
  if (note === undefined) return false
  const present = JSON.parse(note).packages
  const asked = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
  return Object.entries(asked).every(([path, entry]) => {
    if (!path.startsWith('node_modules/')) return true
    const found = present[path]
    if (!found) return entry.optional === true || entry.peer === true
    return found.version === entry.version && existsSync(join(root, path))
  })
}

/** Makes node_modules what the lock file says. The stamp is written last, so an interrupted install is done again. */
export async function install() {
  if (read(stamp) === wanted()) return
  if (!broughtByHand()) {
    const npm = process.env['npm_execpath']
    // No dependency needs an install script: their binaries come inside their packages.
    const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
    await step('install', () => (npm?.endsWith('.js') ? run(process.execPath, [npm, ...args]) : run('npm', args)))
  }
  writeFileSync(stamp, wanted())
}
