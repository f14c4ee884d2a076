/** Parameters as a client nested them. Objects have no prototype: their names are from outside. */
export type Params = { [name: string]: string | Params | (string | Params)[] }

const MAX_DEPTH = 16

/**
 * Reads `a=1&b[c]=2&d[]=3` as the servers of this protocol do: the last of equal names wins, empty brackets make a list.
 * Null if names are nested too deep.
 */
export function toParams(pairs: Iterable<readonly [string, string]>): Params | null {
  const params: Params = Object.create(null)
  for (const [name, value] of pairs) {
    const path = pathOf(name)
    if (path.length > MAX_DEPTH) return null
    put(params, path, value)
  }
  return params
}

// `b[c][d]` is b, c, d. What is no such name is one as a whole.
function pathOf(name: string): string[] {
  const open = name.indexOf('[')
  if (open <= 0 || !/^(\[[^[\]]*\])+$/.test(name.slice(open))) return [name]
  return [name.slice(0, open), ...name.slice(open + 1, -1).split('][')]
}

function put(into: Params, path: readonly string[], value: string): void {
  let at = into
  for (const [i, name] of path.entries()) {
    const next = path[i + 1]
    if (next === undefined) {
      at[name] = value
      return
    }
    const known = at[name]
    if (next === '') {
      // A list ends the path: what is nested in its items is an item each.
      const list = Array.isArray(known) ? known : []
      at[name] = list
      list.push(i + 2 < path.length ? nested(path.slice(i + 2), value) : value)
      return
    }
    const inner: Params = typeof known === 'object' && !Array.isArray(known) ? known : Object.create(null)
    at[name] = inner
    at = inner
  }
}

function nested(path: readonly string[], value: string): Params {
  const params: Params = Object.create(null)
  put(params, path, value)
  return params
}
