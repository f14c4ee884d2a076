// `npm run mutants`: takes one defence out at a time, and runs the tests that are to notice. Ends with 1 if they do not.
// `npm run mutants -- origin` takes those whose name has the word.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { startVitest } from 'vitest/node'
import { root } from '../../scripts/step.mjs'

/**
 * A defence: the text in a source file that is it, what takes its place, and the tests that must fail then.
 * @typedef {{ name: string, file: string, find: string, replace: string, tests: string, named: string }} Mutant
 */

const server = 'packages/server/src'

/** @type {readonly Mutant[]} */
export const mutants = [
  {
    name: 'the dot of a wildcard origin',
    file: `${server}/http/origins.ts`,
    find: 'suffix: `.$' + '{plain.host}`',
    replace: 'suffix: plain.host',
    tests: 'tests/security/handshake.test.ts',
    named: 'a page of another site',
  },
  {
    name: 'the check of the origin',
    file: `${server}/http/front-door.ts`,
    find: "if (!this.#options.originAllowed(incoming)) return { status: 403, body: 'This origin may not connect' }",
    replace: '',
    tests: 'tests/security/handshake.test.ts',
    named: 'a page of another site',
  },
  {
    name: 'the end of a refused upgrade',
    file: `${server}/http/front-door.ts`,
    find: 'socket.end(`',
    replace: 'socket.write(`',
    tests: 'tests/security/handshake.test.ts',
    named: 'an upgrade that is refused for its origin',
  },
  {
    name: 'the listener for a reset during a refused upgrade',
    file: `${server}/http/front-door.ts`,
    find: "socket.on('error', ignore)",
    replace: '',
    tests: 'tests/security/handshake.test.ts',
    named: 'and reset meanwhile harms nobody',
  },
  {
    name: 'the backslash that is no slash',
    file: `${server}/http/handshake.ts`,
    find: ".replaceAll('\\\\', '%5C')",
    replace: '',
    tests: 'tests/fuzz/fuzz.test.ts',
    named: 'every decoder',
  },
  {
    name: 'the version of the handshake',
    file: `${server}/http/front-door.ts`,
    find: "if (headers['sec-websocket-version'] !== '13')",
    replace: 'if (false)',
    tests: 'tests/security/handshake.test.ts',
    named: 'headers an old version',
  },
  {
    name: 'the refusal of a body on an upgrade',
    file: `${server}/http/front-door.ts`,
    find: "if (headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0')",
    replace: 'if (false)',
    tests: 'tests/security/handshake.test.ts',
    named: 'a body on an upgrade is 400',
  },
  {
    name: 'the count of headers',
    file: `${server}/http/front-door.ts`,
    find: 'return rawHeaders.length > this.#options.limits.headers * 2',
    replace: 'return rawHeaders.length < 0',
    tests: 'tests/security/handshake.test.ts',
    named: 'headers one more than a hundred are 431',
  },
  {
    name: 'the rate of handshakes',
    file: `${server}/connection/connections.ts`,
    find: 'this.#handshakes.take(this.clock.now())',
    replace: '0',
    tests: 'tests/security/handshake.test.ts',
    named: 'is let in as fast as the limit says',
  },
  {
    name: 'the memory of who has offended',
    file: `${server}/connection/arrivals.ts`,
    find: 'this.#networks.of(networkOf(address), this.#clock.now()).charge(OFFENCE)',
    replace: 'return',
    tests: 'tests/security/handshake.test.ts',
    named: 'of one address is held to 20 a second',
  },
  {
    name: 'the count of fragments',
    file: `${server}/transport/websocket-door.ts`,
    find: 'maxFragments: messageFragments,',
    replace: 'maxFragments: 0,',
    tests: 'tests/conformance/rfc6455/limits.test.ts',
    named: 'a message may have 1,024 fragments',
  },
  {
    name: 'the time for a message',
    file: `${server}/transport/websocket.ts`,
    find: 'else if (now - this.#messageSince >= messageMs)',
    replace: 'else if (now < 0)',
    tests: 'tests/conformance/rfc6455/limits.test.ts',
    named: 'a message must be complete in time, however',
  },
  {
    name: 'the turns of a flood',
    file: `${server}/transport/peer-socket.ts`,
    find: 'receiver._allowSynchronousEvents = false',
    replace: 'receiver._allowSynchronousEvents = true',
    tests: 'packages/server/test/transport/turns.test.ts',
    named: 'who floods takes turns',
  },
  {
    name: 'the bound of what is read of one who has to go',
    file: `${server}/transport/peer-socket.ts`,
    find: 'if (left < 0) this.pause()',
    replace: 'if (left < -Number.MAX_SAFE_INTEGER) this.pause()',
    tests: 'packages/server/test/transport/leaving.test.ts',
    named: 'is read for a little, and cut',
  },
  {
    name: 'the rate of pings and pongs',
    file: `${server}/transport/websocket.ts`,
    find: 'if (this.#controls.take(now) > 0)',
    replace: 'if (now < 0)',
    tests: 'tests/security/frames.test.ts',
    named: 'by default the first hundred of them are the last',
  },
  {
    name: 'the answer to what came before a close',
    file: `${server}/transport/peer-socket.ts`,
    find: 'setImmediate(() => setImmediate(answer))',
    replace: 'answer()',
    tests: 'tests/conformance/rfc6455/rfc6455.test.ts',
    named: '7.1.1: a message, then a close',
  },
  {
    name: 'the bound of inflating',
    file: `${server}/transport/deflate/inflation.ts`,
    find: ', maxOutputLength: this.maxBytes',
    replace: '',
    tests: 'tests/security/compression.test.ts',
    named: 'a compression bomb of 100 KB',
  },
  {
    name: 'the smaller bound before the hello',
    file: `${server}/transport/websocket.ts`,
    find: 'new Inflation(Math.min(STRANGER_BYTES, maxMessageBytes)',
    replace: 'new Inflation(maxMessageBytes',
    tests: 'tests/security/compression.test.ts',
    named: 'inflates to 16 KiB at most',
  },
  {
    name: 'the depth of JSON',
    file: 'packages/core/src/json.ts',
    find: 'if (++depth > maxDepth) return true',
    replace: 'depth++',
    tests: 'tests/security/messages.test.ts',
    named: 'of two hundred thousand brackets',
  },
  {
    name: 'tables that have only their own names',
    file: `${server}/channel/channels.ts`,
    find: 'return section && Object.hasOwn(section, name) ? section[name] : undefined',
    replace: 'return section?.[name]',
    tests: 'tests/security/messages.test.ts',
    named: 'may have the names of an object',
  },
  {
    name: 'the patience with who goes on',
    file: `${server}/connection/pace.ts`,
    find: 'return this.#strikes > this.#limits.strikes',
    replace: 'return false',
    tests: 'tests/security/messages.test.ts',
    named: 'and who goes on is closed',
  },
  {
    name: 'the weight of what is sent',
    file: `${server}/connection/connection.ts`,
    find: 'if (wait === 0 || this.#paused) return',
    replace: 'if (wait > -1) return',
    tests: 'tests/security/messages.test.ts',
    named: 'bytes',
  },
  {
    name: 'the bound of what waits for a slow reader',
    file: `${server}/hub/outbox.ts`,
    find: 'this.#owner.tooSlow()',
    replace: 'this.#transport.write(new Run(kept))',
    tests: 'tests/security/messages.test.ts',
    named: 'is closed when a megabyte waits for it',
  },
  {
    name: 'the owner of a token to resume with',
    file: `${server}/connection/sessions.ts`,
    find: 'return proven ? session : null',
    replace: 'return session',
    tests: 'tests/security/identity.test.ts',
    named: 'a token to resume with is worth nothing in other hands',
  },
  {
    name: 'the end of credentials',
    file: `${server}/connection/connection.ts`,
    find: "if (now >= this.identity.expiresAt) return this.close(CloseCode.expired, 'the credentials have expired')",
    replace: '',
    tests: 'tests/security/identity.test.ts',
    named: 'that end in two seconds',
  },
  {
    name: 'the memory of revocations',
    file: `${server}/identity/revocations.ts`,
    find: 'return issuedAt === null || Math.floor(issuedAt / 1000) <= Math.floor(revoked.at / 1000)',
    replace: 'return false',
    tests: 'tests/security/identity.test.ts',
    named: 'that were revoked on one node',
  },
  {
    name: 'the memory of revoked sessions',
    file: `${server}/identity/revocations.ts`,
    find: 'if (ended && ended.until > now) return true',
    replace: '',
    tests: 'tests/security/identity.test.ts',
    named: 'of one session that was revoked',
  },
  {
    name: 'the end of sessions that are away',
    file: `${server}/connection/removals.ts`,
    find: 'for (const held of this.#options.sessions.endLost(is))',
    replace: 'for (const held of [] as HeldMembership[])',
    tests: 'tests/security/identity.test.ts',
    named: 'count for nothing where who is away was put out',
  },
  {
    name: 'the issuer of a token',
    file: `${server}/identity/jwt.ts`,
    find: '...(options.issuer !== undefined && { issuer: options.issuer }),',
    replace: '',
    tests: 'tests/security/identity.test.ts',
    named: 'of two issuers with the same id',
  },
  {
    name: 'the fixed text for what breaks inside',
    file: `${server}/channel/refusals.ts`,
    find: 'failed on the server`',
    replace: 'failed` + error',
    tests: 'tests/security/identity.test.ts',
    named: 'what breaks inside',
  },
  {
    name: 'the size of a body',
    file: `${server}/http/api/body.ts`,
    find: 'if (size > maxBytes) throw tooBig()',
    replace: '',
    tests: 'tests/security/messages.test.ts',
    named: 'of 100 MB is refused',
  },
]

const conditions = ['@rollcall/source', 'module', 'node', 'import', 'default']

/**
 * The code without the defence.
 *
 * @param {string} code
 * @param {Pick<Mutant, 'name' | 'find' | 'replace'>} mutant
 * @returns {string}
 * @throws {Error} if the defence is not there to take out, or not once: a mutant that is none shows nothing.
 */
export function without(code, { name, find, replace }) {
  const times = code.split(find).length - 1
  if (times !== 1) throw new Error(`${name}: its line is there ${times} times: ${find}`)
  if (find === replace) throw new Error(`${name}: it is replaced by itself`)
  return code.replace(find, () => replace)
}

/**
 * The names of the tests that fail with a mutant.
 *
 * @param {Mutant} mutant
 * @returns {Promise<{ failed: string[], ran: number }>}
 */
async function run(mutant) {
  const { name, file, tests, named } = mutant
  const target = join(root, file)
  // Not what the loader is given: by then another plugin may have changed the text.
  const mutated = without(readFileSync(target, 'utf8'), mutant)
  let loaded = 0
  const plugin = {
    name: 'mutant',
    enforce: /** @type {const} */ ('pre'),
    /** @param {string} id */
    load(id) {
      if (id.split('?')[0] !== target) return
      loaded++
      return mutated
    },
  }
  const options = {
    watch: false,
    include: [tests],
    reporters: [{}],
    testNamePattern: escaped(named),
    root,
    config: /** @type {const} */ (false),
  }
  const limits = { testTimeout: 60_000, hookTimeout: 60_000, silent: true }
  const vitest = await startVitest(
    'test',
    [],
    { ...options, ...limits },
    {
      plugins: [plugin],
      resolve: { conditions },
      ssr: { resolve: { conditions, externalConditions: conditions } },
    },
  )
  const modules = vitest.state.getTestModules()
  const all = modules.flatMap((module) => [...module.children.allTests()])
  const uncaught = vitest.state.getUnhandledErrors().map((error) => `uncaught: ${/** @type {Error} */ (error).message}`)
  await vitest.close()
  if (loaded === 0) throw new Error(`${name}: ${tests} does not load ${file}`)
  const failed = all.filter((test) => test.result().state === 'failed').map((test) => test.fullName)
  failed.push(...uncaught)
  const ran = all.filter((test) => test.result().state !== 'skipped').length
  if (ran === 0) throw new Error(`${name}: no test of ${tests} is named so: ${named}`)
  return { failed, ran }
}

/** @param {string} text */
const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')

if (process.argv[1] === import.meta.filename) {
  const words = process.argv.slice(2)
  const chosen = mutants.filter(({ name }) => words.every((word) => name.includes(word)))
  if (chosen.length === 0) throw new Error(`no mutant is named so: ${words.join(' ')}`)
  let survived = 0
  for (const mutant of chosen) {
    const began = performance.now()
    const { failed, ran } = await run(mutant)
    if (failed.length === 0) survived++
    const verdict = failed.length === 0 ? 'SURVIVED' : `${failed.length} of ${ran} failed`
    console.log(`${mutant.name}: ${verdict} (${((performance.now() - began) / 1000).toFixed(1)} s)`)
    for (const name of failed.slice(0, 3)) console.log(`    ${name}`)
  }
  process.exit(survived > 0 ? 1 : 0)
}
