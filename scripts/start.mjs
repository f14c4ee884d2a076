// `npm start`: installs and builds what has changed, then runs the lobby until it ends or is told to.
import './node-version.mjs'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { build } from './build.mjs'
import { install } from './install.mjs'
import { fail, root, step } from './step.mjs'

try {
  await install()
  await step('build', build, { print: 'long' })
} catch (fault) {
  fail(fault)
}

// The server is in a process group of its own, so that Ctrl-C reaches it once, from here, and not also from the
// terminal and from npm. Should this process be killed, the closed channel tells the server to stop.
const server = spawn(
  process.execPath,
  ['--import', new URL('with-parent.mjs', import.meta.url).href, join(root, 'apps/lobby/dist/server.js')],
  { cwd: root, stdio: ['ignore', 'inherit', 'inherit', 'ipc'], detached: process.platform !== 'win32' },
)

let toldAt = -Infinity
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => {
    if (performance.now() - toldAt < 300) return
    toldAt = performance.now()
    server.kill(signal)
  })
}

server.on('exit', (code, signal) => {
  process.exitCode = code ?? 128 + ({ SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 }[String(signal)] ?? 0)
})
