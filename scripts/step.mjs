// A step is a named piece of work that is one line on the terminal: its name, then its seconds.
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('..', import.meta.url))

/** The step's work went wrong; `output` is what its command had to say. */
export class StepFailure extends Error {
  /**
   * @param {string} message
   * @param {string} output
   */
  constructor(message, output = '') {
    super(message)
    this.output = output
  }
}

/** @param {number} since as of `performance.now()` */
export const seconds = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`

/**
 * Does the task under a name. `'long'` prints nothing for a task that ends within half a second.
 * A fault of the task is thrown on, after its line has ended.
 *
 * @template T
 * @param {string} name
 * @param {() => T | Promise<T>} task
 * @param {{ print?: 'always' | 'long' }} [options]
 * @returns {Promise<T>}
 */
export async function step(name, task, { print = 'always' } = {}) {
  const start = performance.now()
  let shown = false
  const show = () => {
    shown = true
    process.stdout.write(`${name.padEnd(12)} `)
  }
  if (print === 'always') show()
  const timer = print === 'long' ? setTimeout(show, 500) : undefined
  try {
    const result = await task()
    clearTimeout(timer)
    if (shown) process.stdout.write(`${seconds(start)}\n`)
    return result
  } catch (fault) {
    clearTimeout(timer)
    if (!shown) show()
    process.stdout.write(`failed after ${seconds(start)}\n`)
    throw fault
  }
}

/** Commands that run now. @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set()

/** The signal that told this process to end. @type {NodeJS.Signals | undefined} */
let told

/** No command goes on after this process: the next one would meet it in the same folders. */
function endCommands(/** @type {NodeJS.Signals} */ signal) {
  told = signal
  for (const child of running) child.kill(signal)
}

/** @type {readonly NodeJS.Signals[]} */
const endings = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * Runs a command of this repository. `'quiet'` keeps its output and gives it to the failure, `'through'` lets it reach
 * the terminal.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ output?: 'quiet' | 'through', env?: NodeJS.ProcessEnv }} [options]
 * @returns {Promise<string>} its output, when quiet
 */
export function run(command, args, { output = 'quiet', env } = {}) {
  return new Promise((resolve, reject) => {
    const colour = process.stdout.isTTY ? { FORCE_COLOR: '1' } : { NO_COLOR: '1' }
    const undecided = process.env['NO_COLOR'] === undefined && process.env['FORCE_COLOR'] === undefined
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...(undecided && colour), ...env },
      stdio: output === 'quiet' ? ['ignore', 'pipe', 'pipe'] : ['ignore', 'inherit', 'inherit'],
      shell: process.platform === 'win32' && command === 'npm',
    })
    if (running.size === 0) for (const signal of endings) process.once(signal, endCommands)
    running.add(child)
    const over = () => {
      running.delete(child)
      if (running.size === 0) for (const signal of endings) process.off(signal, endCommands)
    }
    let text = ''
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (part) => (text += part))
    child.on('error', (cause) => {
      over()
      reject(new StepFailure(`Cannot start ${command}: ${cause.message}`))
    })
    child.on('close', (code, signal) => {
      over()
      if (told && running.size === 0) process.kill(process.pid, told)
      if (told) return
      if (code === 0) resolve(text)
      else reject(new StepFailure(`${command} ${args[0] ?? ''} ended with ${signal ?? code}`, text))
    })
  })
}

/**
 * Runs a Node program that an installed package brings, without npx in between.
 *
 * @param {string} path below node_modules
 * @param {readonly string[]} args
 * @param {Parameters<typeof run>[2]} [options]
 */
export const runInstalled = (path, args, options) => run(process.execPath, [`node_modules/${path}`, ...args], options)

/** Ends a script on a fault: its output, one sentence, exit code 1. @param {unknown} fault */
export function fail(fault) {
  if (!(fault instanceof StepFailure)) throw fault
  if (fault.output.trim()) console.error(`\n${fault.output.trimEnd()}\n`)
  console.error(fault.message)
  process.exit(1)
}
