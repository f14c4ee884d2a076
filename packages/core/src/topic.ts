/** The longest topic name, in UTF-16 code units. */
export const MAX_TOPIC_LENGTH = 255

// biome-ignore lint/suspicious/noControlCharactersInRegex: finding control characters is its purpose
const CONTROL = /[\u0000-\u001f\u007f]/
const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/

/** Whether `name` may name a topic: 1 to 255 code units of well-formed text without control characters. */
export function isTopic(name: unknown): name is string {
  return (
    typeof name === 'string' &&
    name.length > 0 &&
    name.length <= MAX_TOPIC_LENGTH &&
    !CONTROL.test(name) &&
    !LONE_SURROGATE.test(name)
  )
}

/** The names in `{braces}` of a pattern: `'room:{room}'` gives `'room'`. */
export type ParamNames<P extends string> = P extends `${string}{${infer Name}}${infer Rest}`
  ? Name | ParamNames<Rest>
  : never

/** What a pattern's braces stand for in a topic. */
export type Params<P extends string> = { readonly [Name in ParamNames<P>]: string }

/** The topics that a pattern covers, as a type: `'room:{room}'` gives `` `room:${string}` ``. */
export type TopicOf<P extends string> = P extends `${infer Head}{${string}}${infer Rest}`
  ? `${Head}${string}${TopicOf<Rest>}`
  : P

/** A topic pattern, ready to be matched. */
export interface Pattern {
  readonly source: string
  /** The parameters if `topic` fits, in a null-prototype object; else null. A `{param}` takes one or more characters. */
  match(topic: string): Readonly<Record<string, string>> | null
}

/**
 * Reads a pattern such as `'room:{room}'`. A parameter ends at the next occurrence of the literal behind it; the last one
 * takes all that is left.
 * @throws TypeError if braces do not pair, a name is empty or repeated, or two parameters touch.
 */
export function pattern(source: string): Pattern {
  const literals: string[] = []
  const names: string[] = []
  let rest = source
  for (;;) {
    const open = rest.indexOf('{')
    if (open < 0) break
    const close = rest.indexOf('}', open)
    const name = rest.slice(open + 1, close)
    if (close < 0 || !/^\w+$/.test(name))
      throw new TypeError(`Topic pattern "${source}": braces must hold one name, as in {room}`)
    if (names.includes(name)) throw new TypeError(`Topic pattern "${source}": {${name}} occurs twice`)
    if (names.length > 0 && open === 0)
      throw new TypeError(`Topic pattern "${source}": put a character between two parameters`)
    literals.push(rest.slice(0, open))
    names.push(name)
    rest = rest.slice(close + 1)
  }
  if (rest.includes('}')) throw new TypeError(`Topic pattern "${source}": a } without its {`)
  if (source.length === 0) throw new TypeError('A topic pattern cannot be empty')
  literals.push(rest)

  return {
    source,
    match(topic) {
      const params: Record<string, string> = Object.create(null)
      let at = 0
      for (let i = 0; i < names.length; i++) {
        const name = names[i] as string
        const literal = literals[i] ?? ''
        if (!topic.startsWith(literal, at)) return null
        at += literal.length
        const next = literals[i + 1] ?? ''
        const last = i === names.length - 1
        const end = last ? topic.length - next.length : topic.indexOf(next, at + 1)
        if (end <= at) return null
        params[name] = topic.slice(at, end)
        at = end
      }
      const tail = literals[names.length] ?? ''
      return topic.length === at + tail.length && topic.endsWith(tail) ? params : null
    },
  }
}
