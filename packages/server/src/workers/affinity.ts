/** Which worker has a session, from 1: a session whose requests come one by one, to whichever worker. */
export function ownerOf(session: string, workers: number): number {
  return (hashOf(session) % workers) + 1
}

/** A text made longer until the session of that name is a worker's. */
export function ownedBy(text: string, worker: number, workers: number): string {
  let session = text
  for (let i = 0; ownerOf(session, workers) !== worker; i++) session = `${text}${i.toString(36)}`
  return session
}

// FNV-1a with a last mix, so that texts that differ at their ends alone are spread, too.
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  return (hash ^ (hash >>> 13)) >>> 0
}
