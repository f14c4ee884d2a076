// Reads one source file: what it imports, and where it reads ambient time or chance.
import { parseSync, visitorKeys } from 'oxc-parser'
import { ambient } from './table.mjs'

/** @typedef {{ line: number, specifier: string }} Import */
/** @typedef {{ line: number, name: string }} AmbientUse */
/** @typedef {{ imports: Import[], ambientUses: AmbientUse[], faults: { line: number, message: string }[] }} Source */
/** @typedef {{ type: string, start: number, end: number, [key: string]: any }} Node */

const GLOBALS = new Set(['globalThis', 'window', 'self', 'global'])
/** The objects of `ambient` whose members are meant: `Date` of `Date.now`. */
const OBJECTS = new Set([...ambient.keys()].filter((name) => name.includes('.')).map((name) => name.split('.')[0]))

/**
 * @param {string} path names the language: .ts, .tsx, .mjs
 * @param {string} text
 * @returns {Source}
 */
export function readSource(path, text) {
  const { program, errors } = parseSync(path, text)
  const lineOf = lineFinder(text)
  /** @type {Source} */
  const source = { imports: [], ambientUses: [], faults: [] }
  for (const { message, labels } of errors) source.faults.push({ line: lineOf(labels[0]?.start ?? 0), message })
  const root = /** @type {Node} */ (/** @type {unknown} */ (program))
  const declared = declaredNames(root)
  walk(root, undefined, (node, parent) => {
    const specifier = importedBy(node)
    if (specifier !== undefined) source.imports.push({ line: lineOf(node.start), specifier })
    for (const name of ambientNames(node, parent, declared)) source.ambientUses.push({ line: lineOf(node.start), name })
  })
  return source
}

/** @param {Node} node @returns {string | undefined} */
function importedBy(node) {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportAllDeclaration':
    case 'ExportNamedDeclaration':
    case 'ImportExpression':
    case 'TSImportType':
      return literal(node['source'])
    case 'TSExternalModuleReference':
      return literal(node['expression'])
    case 'CallExpression':
      return node['callee'].type === 'Identifier' && node['callee'].name === 'require'
        ? literal(node['arguments'][0])
        : undefined
    default:
      return undefined
  }
}

/** @param {Node | null | undefined} node */
function literal(node) {
  if (node?.type === 'Literal' && typeof node['value'] === 'string') return node['value']
  if (node?.type === 'TemplateLiteral' && node['quasis'].length === 1) return String(node['quasis'][0].value.cooked)
  return undefined
}

/**
 * The keys of `ambient` that a node reads.
 * @param {Node} node
 * @param {Node | undefined} parent
 * @param {ReadonlySet<string>} declared names that the file itself declares, and that are not the global then
 * @returns {string[]}
 */
function ambientNames(node, parent, declared) {
  const called = node.type === 'NewExpression' || node.type === 'CallExpression'
  if (called && globalName(node['callee'], declared) === 'Date') {
    if (node.type === 'CallExpression' || node['arguments'].length === 0) return ['Date()']
  }
  // const { random } = Math
  if (node.type === 'VariableDeclarator' && node['id'].type === 'ObjectPattern' && node['init']) {
    const object = globalName(node['init'], declared)
    const prefix = object === 'globalThis' ? '' : `${object}.`
    const names = node['id'].properties.map((/** @type {Node} */ property) => prefix + (property['key']?.name ?? ''))
    if (object) return names.filter((/** @type {string} */ name) => ambient.has(name))
  }
  if (node.type !== 'Identifier' && node.type !== 'MemberExpression') return []
  if (node.type === 'Identifier' && parent && !isReference(node, parent)) return []
  const name = globalName(node, declared)
  if (name !== undefined && ambient.has(name)) return [name]
  // `const clock = Date` would hide everything after it. `Date` itself is a value for instanceof and the like.
  const aliased = node.type === 'Identifier' && parent?.type === 'VariableDeclarator' && parent['init'] === node
  return aliased && name !== undefined && OBJECTS.has(name) && parent['id'].type === 'Identifier'
    ? [[...ambient.keys()].find((key) => key.startsWith(`${name}.`)) ?? name]
    : []
}

/**
 * The global that an expression names: `Date.now` for `Date.now`, `globalThis.Date['now']` and `window.Date.now`.
 * @param {Node} node
 * @param {ReadonlySet<string>} declared
 * @returns {string | undefined}
 */
function globalName(node, declared) {
  if (node.type === 'Identifier') {
    if (declared.has(node['name'])) return undefined
    return GLOBALS.has(node['name']) ? 'globalThis' : node['name']
  }
  if (node.type === 'ParenthesizedExpression' || node.type === 'ChainExpression')
    return globalName(node['expression'], declared)
  if (node.type !== 'MemberExpression') return undefined
  const object = globalName(node['object'], declared)
  const property = node['computed'] ? literal(node['property']) : node['property'].name
  if (object === undefined || property === undefined) return undefined
  return object === 'globalThis' ? property : `${object}.${property}`
}

/** Whether an identifier stands for a value, and is not a property's or a declaration's own name. */
function isReference(/** @type {Node} */ node, /** @type {Node} */ parent) {
  if (parent.type === 'MemberExpression') return parent['object'] === node || parent['computed']
  if (parent.type === 'Property') return parent['value'] === node || parent['computed']
  if (parent.type.startsWith('TS') && !/^TS(As|Satisfies|NonNull|Instantiation)/.test(parent.type)) return false
  if (/^(MethodDefinition|PropertyDefinition|AccessorProperty|ExportSpecifier|ImportSpecifier)$/.test(parent.type))
    return parent['value'] === node || (parent['computed'] && parent['key'] === node)
  return true
}

/** Every name that the file binds anywhere. Coarser than scopes, and enough to tell `setTimeout` from a parameter. */
function declaredNames(/** @type {Node} */ program) {
  const names = /** @type {Set<string>} */ (new Set())
  /** @param {Node | null | undefined} pattern */
  const bind = (pattern) => {
    if (!pattern) return
    if (pattern.type === 'Identifier') names.add(pattern['name'])
    else if (pattern.type === 'ObjectPattern')
      for (const property of pattern['properties']) bind(property.value ?? property.argument)
    else if (pattern.type === 'ArrayPattern') for (const element of pattern['elements']) bind(element)
    else if (pattern.type === 'AssignmentPattern') bind(pattern['left'])
    else if (pattern.type === 'RestElement') bind(pattern['argument'])
  }
  walk(program, undefined, (node) => {
    // A type of that name (the DOM's, say) does not hide the value.
    if (node.type === 'VariableDeclarator') bind(node['id'])
    else if (/^Import(Default|Namespace)?Specifier$/.test(node.type)) bind(node['local'])
    else if (/Function|^ArrowFunctionExpression$/.test(node.type) && Array.isArray(node['params'])) {
      bind(node['id'])
      for (const param of node['params']) bind(param)
    } else if (node.type === 'ClassDeclaration') bind(node['id'])
  })
  return names
}

/**
 * @param {Node} node
 * @param {Node | undefined} parent
 * @param {(node: Node, parent: Node | undefined) => void} visit
 */
function walk(node, parent, visit) {
  visit(node, parent)
  for (const key of visitorKeys[node.type] ?? []) {
    const child = node[key]
    if (Array.isArray(child)) {
      for (const each of child) if (each) walk(each, node, visit)
    } else if (child) walk(child, node, visit)
  }
}

/** @param {string} text @returns {(offset: number) => number} */
function lineFinder(text) {
  const starts = [0]
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return (offset) => {
    let low = 0
    let high = starts.length
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if (/** @type {number} */ (starts[middle]) <= offset) low = middle
      else high = middle
    }
    return low + 1
  }
}
