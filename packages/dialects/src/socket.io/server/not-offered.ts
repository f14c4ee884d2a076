/**
 * Says of something of the original that it is not here, and what to take instead: a program that moves must not find out by
 * nothing happening.
 */
export function notOffered(what: string, instead: string): never {
  throw new Error(`@rollcall/dialects/socket.io/server does not offer ${what}: ${instead}`)
}
