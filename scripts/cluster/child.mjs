import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/**
 * A program that ends with this one, even if this one is killed.
 * @typedef {{
 *   readonly pid: number | undefined,
 *   readonly hasEnded: boolean,
 *   readonly ended: Promise<string>,
 *   end(signal?: NodeJS.Signals): Promise<string>,
 *   printed(pattern: RegExp): Promise<void>,
 * }} Child
 */

/**
 * @param {import('node:child_process').ChildProcess} child
 * @param {(line: string) => void} print
 * @returns {Child}
 */
function watch(child, print) {
  /** @type {string[]} */
  const lines = []
  /** @type {Set<(line: string) => void>} */
  const listeners = new Set()
  for (const stream of [child.stdout, child.stderr])
    if (stream)
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line)
        print(line)
        for (const listener of listeners) listener(line)
      })
  let hasEnded = false
  /** @type {Promise<string>} */
  const ended = new Promise((resolve) => {
    child.once('error', ({ message }) => resolve(message))
    child.once('exit', (code, signal) => resolve(signal ?? `code ${code}`))
  })
  void ended.then(() => {
    hasEnded = true
  })
  return {
    pid: child.pid,
    get hasEnded() {
      return hasEnded
    },
    ended,
    end(signal = 'SIGTERM') {
      // Whose input we hold ends with it; a signal would not reach the program behind it.
      if (child.stdin) child.stdin.end()
      else child.kill(signal)
      return ended
    },
    printed: (pattern) =>
      new Promise((resolve) => {
        const look = (/** @type {string} */ line) => {
          if (pattern.test(line)) resolve()
        }
        listeners.add(look)
        lines.forEach(look)
      }),
  }
}

/**
 * Starts a script with this Node. It is in a process group of its own, so that a Ctrl-C reaches it from here alone.
 *
 * @param {readonly string[]} args
 * @param {{ env: NodeJS.ProcessEnv, print: (line: string) => void }} options
 * @returns {Child}
 */
export function startNode(args, { env, print }) {
  const withParent = new URL('../with-parent.mjs', import.meta.url).href
  const child = spawn(process.execPath, ['--import', withParent, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    detached: process.platform !== 'win32',
  })
  return watch(child, print)
}

/**
 * Starts a program that is not ours, and silent. A shell beside it ends it when its input ends, which it does with us.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @returns {Child}
 */
export function startProgram(command, args) {
  const script = '"$@" & cat > /dev/null; kill $! 2> /dev/null; wait'
  const child = spawn('/bin/sh', ['-c', script, 'sh', command, ...args], {
    stdio: ['pipe', 'ignore', 'pipe'],
    detached: true,
  })
  return watch(child, () => {})
}
