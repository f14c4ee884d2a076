// Checks that every file imports, and reads of time and chance, only what its place in the house allows.
// `node scripts/layers.mjs [folder]` prints file:line, the rule and what to do instead; ends with 1 on a finding.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, posix, relative, resolve, sep } from 'node:path'
import { rings } from './layers/rings.mjs'
import { readSource } from './layers/source.mjs'
import { ambient, isBelow, mayImport, nodeAllowed, nodeForbidden, testSupport, timeless } from './layers/table.mjs'

/** @typedef {'table' | 'entry' | 'ring' | 'node' | 'ambient' | 'parse'} Rule */
/** @typedef {{ file: string, line: number, rule: Rule, text: string }} Finding */
/** @typedef {{ folder: string, name: string, exports: readonly string[] }} Workspace */

const builtins = new Set(builtinModules)

/**
 * All findings in the tree below a folder, in the order of its files.
 *
 * @param {string} root
 * @returns {Finding[]}
 */
export function inspect(root) {
  const workspaces = workspacesOf(root)
  /** @type {Finding[]} */
  const findings = []
  for (const workspace of workspaces) {
    /** @type {Map<string, string[]>} */
    const graph = new Map()
    /** @type {Map<string, number>} */
    const lines = new Map()
    for (const file of sourcesOf(root, workspace.folder)) {
      const text = readFileSync(join(root, file), 'utf8')
      const source = readSource(file, text)
      for (const { line, message } of source.faults) findings.push({ file, line, rule: 'parse', text: message })
      /** @type {string[]} */
      const neighbours = []
      for (const { line, specifier } of source.imports) {
        const finding = judgeImport(root, workspaces, workspace, file, specifier)
        if (finding) findings.push({ file, line, ...finding })
        const target = specifier.startsWith('.') ? posix.join(dirname(file), specifier) : ''
        if (!existsSync(join(root, target)) || !target.startsWith(`${workspace.folder}/`)) continue
        neighbours.push(target)
        if (!lines.has(`${file}>${target}`)) lines.set(`${file}>${target}`, line)
      }
      graph.set(file, neighbours)
      if (isBelow(file, timeless) && posix.basename(file) !== 'ambient.ts') {
        for (const { line, name } of source.ambientUses) findings.push({ file, line, ...ambientFinding(name) })
      }
    }
    for (const ring of rings(graph)) {
      const [file = '', next = ''] = ring
      const path = ring.map((each) => each.slice(workspace.folder.length + 1)).join(' -> ')
      const remedy = 'move what both need into a third file, or pass it in'
      findings.push({ file, line: lines.get(`${file}>${next}`) ?? 1, rule: 'ring', text: `${path}: ${remedy}` })
    }
  }
  return findings
}

/** @param {string} name @returns {{ rule: Rule, text: string }} */
function ambientFinding(name) {
  const remedy = `take ${ambient.get(name)} as a parameter (only a file named ambient.ts may supply a default)`
  return { rule: 'ambient', text: `${name}: ${remedy}` }
}

/**
 * @param {string} root
 * @param {readonly Workspace[]} workspaces
 * @param {Workspace} own
 * @param {string} file
 * @param {string} specifier
 * @returns {{ rule: Rule, text: string } | undefined}
 */
function judgeImport(root, workspaces, own, file, specifier) {
  if (specifier.startsWith('node:') || builtins.has(specifier)) {
    if (isBelow(file, nodeAllowed) && !isBelow(file, nodeForbidden)) return undefined
    return {
      rule: 'node',
      text: `${specifier}: this room runs anywhere; let a shell of the server pass in what it gives`,
    }
  }
  if (specifier.startsWith('.') || specifier.startsWith('/')) return judgePath(root, workspaces, own, file, specifier)
  const target = workspaces.find(({ name }) => specifier === name || specifier.startsWith(`${name}/`))
  if (!target) return undefined
  const inSource = file.startsWith(`${own.folder}/src/`)
  if (target === own) {
    if (!inSource) return undefined
    return { rule: 'entry', text: `${specifier} is this package: import the file by its relative path` }
  }
  const allowed = mayImport[own.folder.slice('packages/'.length)]
  const known = target.folder.slice('packages/'.length)
  if (own.folder.startsWith('packages/') && inSource && !allowed?.includes(known)) {
    const list = allowed?.length ? allowed.join(', ') : 'nothing'
    return {
      rule: 'table',
      text: allowed
        ? `${own.folder} may import ${list}, not ${target.folder}: turn the dependency round, or pass the value in`
        : `${own.folder} is not in the table: add it to scripts/layers/table.mjs, by the plan of the house`,
    }
  }
  const subpath = `.${specifier.slice(target.name.length)}`
  if (target.exports.includes(subpath)) return undefined
  const entries = target.exports.map((entry) => posix.join(target.name, entry)).join(', ') || 'none'
  return { rule: 'entry', text: `${specifier} is not an entry of ${target.name}: it has ${entries}` }
}

/**
 * A relative path stays in its workspace, and a package's sources stay in `src`.
 *
 * @param {string} root
 * @param {readonly Workspace[]} workspaces
 * @param {Workspace} own
 * @param {string} file
 * @param {string} specifier
 * @returns {{ rule: Rule, text: string } | undefined}
 */
function judgePath(root, workspaces, own, file, specifier) {
  const target = specifier.startsWith('/') ? specifier : posix.join(dirname(file), specifier)
  const other = workspaces.find(({ folder }) => folder !== own.folder && target.startsWith(`${folder}/`))
  if (other && own.folder === 'tests' && isBelow(target, testSupport)) return undefined
  if (other) return { rule: 'entry', text: `${specifier} reaches into ${other.folder}: import from ${other.name}` }
  const source = `${own.folder}/src/`
  if (own.folder.startsWith('packages/') && file.startsWith(source) && !target.startsWith(source)) {
    if (target === `${own.folder}/package.json`) return undefined
    return { rule: 'entry', text: `${specifier} leaves src, and what lies outside of it is not published` }
  }
  if (/\.[cm]?[jt]sx?$/.test(specifier) && !existsSync(join(root, target)))
    return { rule: 'entry', text: `${specifier} is not there` }
  return undefined
}

/** @param {string} root @returns {Workspace[]} */
function workspacesOf(root) {
  const folders = ['packages', 'apps'].flatMap((group) =>
    existsSync(join(root, group)) ? readdirSync(join(root, group)).map((name) => `${group}/${name}`) : [],
  )
  return [...folders, 'bench', 'tests'].flatMap((folder) => {
    const path = join(root, folder, 'package.json')
    if (!existsSync(path)) return []
    const { name, exports = {} } = JSON.parse(readFileSync(path, 'utf8'))
    return [{ folder, name, exports: Object.keys(exports) }]
  })
}

/** @param {string} root @param {string} folder @returns {string[]} with forward slashes, relative to the root */
function sourcesOf(root, folder) {
  const entries = readdirSync(join(root, folder), { withFileTypes: true })
  return entries.flatMap((entry) => {
    const path = `${folder}/${entry.name}`
    if (entry.isDirectory()) return ['node_modules', 'dist', 'data'].includes(entry.name) ? [] : sourcesOf(root, path)
    return /(?<!\.d)\.(ts|tsx|mts|mjs|js)$/.test(entry.name) ? [path] : []
  })
}

/** @param {Finding} finding */
export const toLine = ({ file, line, rule, text }) => `${file}:${line}  ${rule}  ${text}`

if (process.argv[1] === import.meta.filename) {
  const root = resolve(process.argv[2] ?? join(import.meta.dirname, '..'))
  const findings = inspect(root)
  for (const finding of findings) console.log(toLine(finding))
  if (findings.length > 0) {
    console.log(
      `${findings.length} finding${findings.length === 1 ? '' : 's'} in ${relative(process.cwd(), root) || '.'}${sep}`,
    )
    process.exitCode = 1
  }
}
