// `npm run cluster`: a NATS and three lobbies on it, for trying what happens when one of them is stopped or killed. What
// they print comes with the port in front. `PORT` is the first port; Ctrl-C ends all.
import './node-version.mjs'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from './build.mjs'
import { startNode } from './cluster/child.mjs'
import { freePorts } from './cluster/free-ports.mjs'
import { startNats } from './cluster/nats.mjs'
import { install } from './install.mjs'
import { provideOne } from './provide.mjs'
import { fail, root, StepFailure, step } from './step.mjs'

const NODES = 3
/** How long the lobbies may take to send everybody away. */
const PATIENCE_MS = 10_000

/** @type {import('./cluster/child.mjs').Child[]} */
const lobbies = []
/** @type {Awaited<ReturnType<typeof startNats>> | undefined} */
let nats
const folder = mkdtempSync(join(tmpdir(), 'rollcall-cluster-'))
process.on('exit', () => rmSync(folder, { recursive: true, force: true }))

const endLobbies = (/** @type {NodeJS.Signals} */ signal) => Promise.all(lobbies.map((lobby) => lobby.end(signal)))

let ending = false

/** Ends the lobbies, who say goodbye over NATS, and then NATS. @param {number} code */
async function end(code) {
  ending = true
  const impatience = setTimeout(endLobbies, PATIENCE_MS, 'SIGKILL')
  await endLobbies('SIGTERM')
  clearTimeout(impatience)
  await nats?.child.end()
  process.exit(code)
}

let toldAt = -Infinity
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']))
  process.on(signal, () => {
    // One Ctrl-C may come twice: from the terminal and from npm.
    if (performance.now() - toldAt < 300) return
    toldAt = performance.now()
    if (ending) void endLobbies('SIGKILL')
    else void end(0)
  })

/** @param {number} port @param {string} url */
function startLobby(port, url) {
  const print = (/** @type {string} */ line) => console.log(`${port} | ${line}`)
  const env = { ...process.env, PORT: String(port), ROLLCALL_NATS: url }
  const lobby = startNode([join(root, 'apps/lobby/dist/server.js')], { env, print })
  lobbies.push(lobby)
  void lobby.ended.then((how) => {
    print(`ended with ${how}`)
    if (!ending && lobbies.every(({ hasEnded }) => hasEnded)) void end(1)
  })
  return Promise.race([lobby.printed(/http:/), lobby.ended])
}

try {
  await install()
  const natsServer = await provideOne('nats-server')
  await step('build', build, { print: 'long' })
  nats = await startNats(natsServer, folder)
  const { url, pid } = nats
  console.log(`NATS | ${url}, process ${pid}`)
  await Promise.all((await freePorts(NODES, Number(process.env['PORT'] ?? 8210))).map((port) => startLobby(port, url)))
  const pids = lobbies.filter(({ hasEnded }) => !hasEnded).map((lobby) => lobby.pid)
  if (!ending) console.log(`Processes ${pids.join(', ')}: kill one and see. Ctrl-C ends all.`)
} catch (fault) {
  await endLobbies('SIGKILL')
  await nats?.child.end()
  fail(fault instanceof RangeError ? new StepFailure(fault.message) : fault)
}
