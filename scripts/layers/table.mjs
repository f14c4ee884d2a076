// Who may know whom. The rest of the layers check only reads this.

/**
 * The workspaces of this repository that a package's `src` may import, by folder below packages/.
 * @type {Readonly<Record<string, readonly string[]>>}
 */
export const mayImport = {
  core: [],
  client: ['core'],
  react: ['core', 'client'],
  server: ['core'],
  dialects: ['core', 'server'],
  lmdb: ['core', 'server'],
  nats: ['core', 'server'],
  testkit: ['core', 'client', 'server'],
}

/** Where `node:*` may be imported; everything else that is checked may not. */
export const nodeAllowed = [
  'packages/server/src/',
  'packages/dialects/src/socket.io/server/',
  'packages/lmdb/src/',
  'packages/nats/src/',
  'packages/testkit/src/',
  'packages/*/test/',
  'apps/',
  'bench/',
  'tests/',
]

/** Rooms inside of `nodeAllowed` that may not, for all that. */
export const nodeForbidden = [
  'packages/server/src/hub/',
  'packages/server/src/channel/',
  'packages/server/src/presence/',
  'packages/server/src/log/',
  'packages/server/src/broker/',
]

/** What the suites in `tests/` may take from a package beside its entries: what that package's own tests are written with. */
export const testSupport = ['packages/*/test/support/']

/** Where time and chance are parameters. A file named `ambient.ts` there is the outermost default and may read both. */
export const timeless = [
  'packages/core/src/',
  'packages/client/src/',
  'packages/dialects/src/',
  'packages/server/src/hub/',
  'packages/server/src/channel/',
  'packages/server/src/presence/',
  'packages/server/src/log/',
]

/**
 * Names that read ambient time or chance, and what to take for them.
 * @type {ReadonlyMap<string, string>}
 */
export const ambient = new Map([
  ['Date.now', 'clock.now()'],
  ['Date()', 'clock.now()'],
  ['performance.now', 'clock.now()'],
  ['performance.timeOrigin', 'clock.now()'],
  ['setTimeout', 'clock.after()'],
  ['setInterval', 'clock.after(), again in its task'],
  ['setImmediate', 'clock.after(), or queueMicrotask'],
  ['requestAnimationFrame', 'clock.after()'],
  ['AbortSignal.timeout', 'clock.after() and an AbortController'],
  ['Math.random', 'a Random'],
  ['crypto.randomUUID', 'a Random, or an id that is passed in'],
  ['crypto.getRandomValues', 'a Random, or an id that is passed in'],
])

/**
 * Whether a path lies below one of the folders, of which `*` stands for one name.
 * @param {string} path
 * @param {readonly string[]} folders
 */
export const isBelow = (path, folders) =>
  folders.some((folder) => {
    const names = folder.split('/').slice(0, -1)
    const own = path.split('/')
    return own.length > names.length && names.every((name, i) => name === '*' || name === own[i])
  })
