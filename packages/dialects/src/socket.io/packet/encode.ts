import type { Payload } from '@rollcall/core'
import type { EngineVersion } from '../engine/packet.ts'
import { typedBytes } from '../engine/payload.ts'
import { detach, hasBytes } from './attachments.ts'

// Packets as they go out: complete messages of Engine.IO (type 4), a text and behind it the bytes that belong to it, so
// that they can be written to a WebSocket as they are.

/** The part of a packet that says where it belongs. */
export function namespacePrefix(nsp: string): string {
  return nsp === '/' ? '' : `${nsp},`
}

export function encodeConnected(nsp: string, version: EngineVersion, about: object): string {
  // Revision 3 tells nothing, and its clients take `40/x,` for a name with a comma.
  if (version === 3) return nsp === '/' ? '40' : `40${nsp}`
  return `40${namespacePrefix(nsp)}${JSON.stringify(about)}`
}

export function encodeRefused(nsp: string, version: EngineVersion, message: string, data: unknown): string {
  return `44${namespacePrefix(nsp)}${JSON.stringify(version === 3 ? message : { message, data })}`
}

export function encodeDisconnect(nsp: string): string {
  return nsp === '/' ? '41' : `41${nsp},`
}

/** An event: its name, then its arguments. */
export function encodeEvent(prefix: string, args: readonly unknown[], version: EngineVersion): readonly Payload[] {
  return encodeArgs('2', '5', prefix, args, version)
}

/** The answer to an event of the other side; `id` as it came. */
export function encodeAck(
  prefix: string,
  id: string,
  args: readonly unknown[],
  version: EngineVersion,
): readonly Payload[] {
  return encodeArgs('3', '6', `${prefix}${id}`, args, version)
}

function encodeArgs(
  text: string,
  binary: string,
  head: string,
  args: readonly unknown[],
  version: EngineVersion,
): readonly Payload[] {
  if (!hasBytes(args)) return [`4${text}${head}${JSON.stringify(args)}`]
  const found: Uint8Array[] = []
  const json = JSON.stringify(detach(args, found))
  const attached = version === 4 ? found : found.map(typedBytes)
  return [`4${binary}${found.length}-${head}${json}`, ...attached]
}
