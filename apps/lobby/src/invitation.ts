import { sha256 } from '@noble/hashes/sha2.js'
import { utf8ToBytes } from '@noble/hashes/utils.js'
import { base64url } from '@rollcall/core'

// A private room is named by the hash of its invitation. So the server can judge an invitation without keeping any: there
// is nothing to store, to leak or to lose, and a room lives as long as somebody knows the way in.

/** Whether a text can be an invitation: 128 bits or more of chance, as base64url. */
export function isInvitation(text: unknown): text is string {
  return typeof text === 'string' && /^[\w-]{22,86}$/.test(text)
}

/** The name of the room that an invitation opens: 132 bits of its hash. */
export function roomOf(invitation: string): string {
  return fingerprint(`rollcall-lobby/room/${invitation}`)
}

/** The public name of whoever knows a secret. Others see it, and cannot get back to the secret. */
export function userOf(secret: string): string {
  return fingerprint(`rollcall-lobby/user/${secret}`)
}

function fingerprint(text: string): string {
  return base64url(sha256(utf8ToBytes(text))).slice(0, 22)
}
