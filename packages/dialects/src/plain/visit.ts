import { isOffset, isTopic, parseJson } from '@rollcall/core'

/** What a client says of itself in `?name=`, `?user=` and `?token=`. From outside: check it. */
export interface PlainCredentials {
  readonly name?: string
  readonly user?: string
  readonly token?: string
}

/** What a plain client asks for with the address that it connects to. */
export interface Visit {
  readonly topic: string
  readonly credentials: PlainCredentials
  /** The metadata to be seen with; null to stay unseen. */
  readonly presence: { readonly meta: unknown } | null
  /** Whether only a name asked for it: on a channel without presence it is then let go. */
  readonly presenceByName: boolean
  /** All other parameters; undefined without any. */
  readonly input: Readonly<Record<string, string>> | undefined
  /** How many of the newest messages to begin with; null for none. */
  readonly last: number | null
}

const OWN = new Set(['name', 'user', 'token', 'presence', 'last'])

/** Reads the address. Never throws. */
export function readVisit(
  { pathname, searchParams }: URL,
  path: string,
  maxDepth: number,
): Visit | { readonly fault: string } {
  const topic = decode(pathname.slice(path.length + 1))
  if (topic === null) return { fault: 'the topic is not a valid URL encoding' }
  if (topic === '') return { fault: `name a topic, as in ${path}/room:lobby` }
  if (!isTopic(topic)) return { fault: 'a topic is 1 to 255 characters, none of them control characters' }
  const last = searchParams.get('last')
  if (last !== null && !(/^\d+$/.test(last) && isOffset(Number(last))))
    return { fault: 'last must be a whole number from 0' }
  const name = searchParams.get('name')
  const presence = readPresence(searchParams.get('presence'), name, maxDepth)
  if (presence && 'fault' in presence) return presence
  return {
    topic,
    credentials: credentialsOf(searchParams),
    presence,
    presenceByName: presence !== null && !searchParams.has('presence'),
    input: inputOf(searchParams),
    last: last === null ? null : Number(last),
  }
}

function readPresence(
  given: string | null,
  name: string | null,
  maxDepth: number,
): { meta: unknown } | { fault: string } | null {
  if (given === 'off') return null
  if (given === null) return name === null ? null : { meta: { name } }
  const parsed = parseJson(given, maxDepth)
  return 'fault' in parsed ? { fault: 'presence must be JSON, or off' } : { meta: parsed.value }
}

function credentialsOf(params: URLSearchParams): PlainCredentials {
  const credentials: Record<string, string> = {}
  for (const field of ['name', 'user', 'token']) {
    const value = params.get(field)
    if (value !== null) credentials[field] = value
  }
  return credentials
}

function inputOf(params: URLSearchParams): Record<string, string> | undefined {
  // Names from outside: no prototype to reach.
  const input: Record<string, string> = Object.create(null)
  for (const [name, value] of params) if (!OWN.has(name) && !(name in input)) input[name] = value
  return Object.keys(input).length === 0 ? undefined : input
}

function decode(encoded: string): string | null {
  try {
    return decodeURIComponent(encoded)
  } catch {
    return null
  }
}
