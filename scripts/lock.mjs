// Checks package-lock.json for what `npm ci` trips over on another machine: addresses of one registry, and binaries for
// other platforms that the registry at hand did not serve when the file was made (npm leaves them out and says nothing).
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './step.mjs'

/** @typedef {{ resolved?: string, link?: boolean, optionalDependencies?: Record<string, string> }} Entry */

/**
 * @param {Readonly<Record<string, Entry>>} packages the lock file's, by path
 * @returns {string[]} a sentence for each fault
 */
export function lockFaults(packages) {
  return Object.entries(packages).flatMap(([path, entry]) => {
    const missing = Object.entries(entry.optionalDependencies ?? {}).filter(([name]) => !isFound(packages, path, name))
    const faults = missing.map(([name, version]) => {
      return `${name}@${version} of ${path} is missing: take a version of ${path} all of whose platforms can be had`
    })
    const elsewhere = entry.resolved !== undefined && !entry.link && /^\w+:/.test(entry.resolved)
    return elsewhere ? [...faults, `${path} names the address ${entry.resolved}: keep .npmrc as it is`] : faults
  })
}

/** Looks a dependency up as Node does: beside the package, then further out. */
function isFound(/** @type {object} */ packages, /** @type {string} */ from, /** @type {string} */ name) {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    if (Object.hasOwn(packages, `${folder}${folder && '/'}node_modules/${name}`)) return true
    if (folder === '') return false
  }
}

if (process.argv[1] === import.meta.filename) {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  const faults = lockFaults(packages)
  for (const fault of faults) console.log(fault)
  if (faults.length > 0) process.exitCode = 1
}
