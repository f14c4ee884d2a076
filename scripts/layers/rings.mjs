// Finds the rings of a graph: strongly connected components, by Tarjan's algorithm (1972).

/**
 * One ring for each knot of files that reach each other, as a path that ends where it begins.
 *
 * @param {ReadonlyMap<string, readonly string[]>} graph
 * @returns {string[][]}
 */
export function rings(graph) {
  const found = /** @type {string[][]} */ ([])
  const index = /** @type {Map<string, number>} */ (new Map())
  const low = /** @type {Map<string, number>} */ (new Map())
  const stack = /** @type {string[]} */ ([])
  const onStack = /** @type {Set<string>} */ (new Set())

  /** @param {string} node */
  const connect = (node) => {
    const own = index.size
    index.set(node, own)
    let lowest = own
    stack.push(node)
    onStack.add(node)
    for (const next of graph.get(node) ?? []) {
      if (!index.has(next)) lowest = Math.min(lowest, connect(next))
      else if (onStack.has(next)) lowest = Math.min(lowest, index.get(next) ?? lowest)
    }
    low.set(node, lowest)
    if (lowest === own) {
      const knot = new Set(stack.splice(stack.indexOf(node)))
      for (const each of knot) onStack.delete(each)
      if (knot.size > 1 || graph.get(node)?.includes(node)) found.push(ringWithin(graph, knot))
    }
    return lowest
  }

  for (const node of graph.keys()) if (!index.has(node)) connect(node)
  return found
}

/**
 * The shortest ring through the first file (by name) of a knot.
 *
 * @param {ReadonlyMap<string, readonly string[]>} graph
 * @param {ReadonlySet<string>} knot
 */
function ringWithin(graph, knot) {
  const first = [...knot].sort()[0] ?? ''
  const paths = [[first]]
  const seen = new Set()
  for (const path of paths) {
    for (const next of graph.get(path.at(-1) ?? '') ?? []) {
      if (next === first) return [...path, first]
      if (!knot.has(next) || seen.has(next)) continue
      seen.add(next)
      paths.push([...path, next])
    }
  }
  return [...knot]
}
