import { type Authenticate, refuse } from 'rollcall'
import { MAX_NAME_LENGTH } from './contract.ts'
import { userOf } from './invitation.ts'

/**
 * Who somebody is, without accounts: a browser keeps a random secret and shows it, and is known to all others by the
 * secret's hash. So three tabs of a browser are one person, and nobody becomes somebody else by knowing an id. Who shows
 * no secret is a guest, and another one on each connection.
 */
export const identify: Authenticate = ({ credentials, connection }) => {
  const shown = typeof credentials === 'object' && credentials !== null ? credentials : {}
  const name = 'name' in shown ? toName(shown.name) : undefined
  const named = name === undefined ? {} : { name }
  if (!('secret' in shown)) return { id: `guest:${connection}`, ...named }
  const { secret } = shown
  if (typeof secret !== 'string' || !/^[\w-]{22,86}$/.test(secret))
    return refuse('The secret must be 22 to 86 characters of base64url')
  return { id: userOf(secret), ...named }
}

function toName(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  const name = value.trim().slice(0, MAX_NAME_LENGTH)
  return name === '' ? undefined : name
}
