// Where `util.inspect` looks how a value wants to be shown.
const INSPECT = Symbol.for('nodejs.util.inspect.custom')

// What `util.inspect` hands over: its options, and itself.
type Options = Readonly<Record<string, unknown>>
type Inspect = (value: unknown, options: Options) => string

// What an application keeps in a socket may be anything.
const MAX_TEXT = 2_000

/** Has `util.inspect` show a few things of a class's objects instead of all that hangs on them: each hangs on the server. */
export function showAs<T extends object>(
  made: { readonly name: string; readonly prototype: T },
  about: (it: T) => object,
): void {
  Object.defineProperty(made.prototype, INSPECT, {
    value(this: T, _depth: number, options: Options, inspect: Inspect) {
      return brief(made.name, about(this), options, inspect)
    },
  })
}

function brief(name: string, about: object, options: Options, inspect: Inspect): string {
  const shown = inspect(about, { ...options, depth: 2, maxArrayLength: 10, maxStringLength: 200 })
  return `${name} ${shown.length > MAX_TEXT ? `${shown.slice(0, MAX_TEXT)}… (${shown.length} characters)` : shown}`
}
