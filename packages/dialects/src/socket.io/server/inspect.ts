/** Where `util.inspect` looks how a value wants to be shown. */
export const INSPECT: unique symbol = Symbol.for('nodejs.util.inspect.custom') as never

/** What `util.inspect` hands over: its options, and itself. */
export type InspectOptions = Readonly<Record<string, unknown>>
export type Inspect = (value: unknown, options: InspectOptions) => string

// What an application keeps in a socket may be anything.
const MAX_TEXT = 2_000

/** Shows a few things instead of everything that hangs on them: a socket hangs on the whole server. */
export function brief(name: string, about: object, options: InspectOptions, inspect: Inspect): string {
  const shown = inspect(about, { ...options, depth: 2, maxArrayLength: 10, maxStringLength: 200, compact: 3 })
  return `${name} ${shown.length > MAX_TEXT ? `${shown.slice(0, MAX_TEXT)}… (${shown.length} characters)` : shown}`
}
