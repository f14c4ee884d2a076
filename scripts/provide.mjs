// Programs that suites need and npm does not bring: found, or installed from Debian's packages where that is allowed.
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { run, StepFailure, step } from './step.mjs'

/**
 * `command` are its names on the PATH; `env` names the variable that holds its path otherwise; `suites` need it.
 * @typedef {{ package: string, command: readonly string[], places?: readonly string[], env: string, suites: readonly string[] }} Program
 */

/** @type {Readonly<Record<string, Program>>} */
export const programs = {
  chromium: {
    package: 'chromium',
    command: ['chromium', 'chromium-browser', 'google-chrome'],
    places: ['/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'],
    env: 'CHROMIUM',
    suites: ['e2e'],
  },
  'nats-server': {
    package: 'nats-server',
    command: ['nats-server'],
    env: 'NATS_SERVER',
    suites: ['unit', 'faults', 'bench'],
  },
  'redis-server': { package: 'redis-server', command: ['redis-server'], env: 'REDIS_SERVER', suites: ['bench'] },
  nginx: { package: 'nginx-light', command: ['nginx'], env: 'NGINX', suites: ['deploy'] },
  haproxy: { package: 'haproxy', command: ['haproxy'], env: 'HAPROXY', suites: ['deploy'] },
  caddy: { package: 'caddy', command: ['caddy'], env: 'CADDY', suites: ['deploy'] },
}

/** @param {string} path */
function canRun(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/**
 * Where a program is, or why it is not there and what to do.
 *
 * @param {string} name of `programs`
 * @returns {{ path: string } | { path: undefined, reason: string }}
 */
export function locate(name) {
  const program = programs[name]
  if (!program) throw new TypeError(`${name} is not in the table of scripts/provide.mjs`)
  const named = process.env[program.env]
  if (named)
    return canRun(named)
      ? { path: named }
      : { path: undefined, reason: `${program.env} names ${named}, which cannot be run` }
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin', '/usr/sbin', '/usr/local/bin']
  const places = program.command.flatMap((command) => folders.map((folder) => join(folder, command)))
  const path = [...places, ...(program.places ?? [])].find(canRun)
  if (path) return { path }
  const reason = `${name} is missing: apt-get install ${program.package}, or set ${program.env} to its path`
  return { path: undefined, reason }
}

/**
 * Makes sure of the programs that some suites need, installing what is missing if this is root on a Debian.
 *
 * @param {readonly string[]} suites
 * @returns {Promise<{ name: string, suites: readonly string[], reason: string }[]>} what is missing for all that
 */
export async function provide(suites) {
  const needed = Object.entries(programs).filter(([, program]) =>
    program.suites.some((suite) => suites.includes(suite)),
  )
  const trouble = await installMissing(needed)
  return needed.flatMap(([name, program]) => {
    const found = locate(name)
    return found.path === undefined ? [{ name, suites: program.suites, reason: found.reason + trouble }] : []
  })
}

/**
 * The same for one program. Answers where it is.
 *
 * @param {string} name of `programs`
 * @returns {Promise<string>}
 */
export async function provideOne(name) {
  const trouble = await installMissing(Object.entries(programs).filter(([each]) => each === name))
  const found = locate(name)
  if (found.path === undefined) throw new StepFailure(found.reason + trouble)
  return found.path
}

/**
 * @param {readonly [string, Program][]} needed
 * @returns {Promise<string>} what went wrong, if anything
 */
async function installMissing(needed) {
  const missing = needed.filter(([name, { env }]) => locate(name).path === undefined && !process.env[env])
  if (missing.length === 0 || process.getuid?.() !== 0 || !canRun('/usr/bin/apt-get')) return ''
  const packages = missing.map(([, program]) => program.package)
  return step(`apt-get ${packages.join(' ')}`, () => aptInstall(packages)).then(
    () => '',
    (fault) => (fault instanceof StepFailure ? ` (apt-get: ${fault.output.trim().split('\n').at(-1)})` : String(fault)),
  )
}

/** @param {readonly string[]} packages */
async function aptInstall(packages) {
  // RUNLEVEL=1 keeps a package from starting its service; suites start their own.
  const env = { DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' }
  await run('/usr/bin/apt-get', ['update', '-qq'], { env })
  // One by one: a package that this Debian does not have keeps no other one out.
  /** @type {unknown[]} */
  const failures = []
  for (const name of packages)
    await run('/usr/bin/apt-get', ['install', '-y', '-qq', '--no-install-recommends', name], { env }).catch((fault) =>
      failures.push(fault),
    )
  if (failures.length > 0) throw failures[0]
}
