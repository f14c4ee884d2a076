import type { IncomingMessage } from 'node:http'

/**
 * Which header says where a request really comes from, when proxies of one's own stand in front. Default: none is believed.
 * Believe one only if every request passes those proxies: whoever can reach the server past them can claim any address.
 */
export interface TrustedProxy {
  /** The header that the proxy nearest to the server sets. */
  readonly header: 'x-forwarded-for' | 'x-real-ip' | 'cf-connecting-ip' | 'fly-client-ip'
  /** How many proxies append to it: the address is the one that the outermost of them saw. Default 1. */
  readonly proxies?: number
}

/** Answers where a request comes from. */
export type AddressReader = (request: IncomingMessage) => string

/** @throws RangeError if `proxies` is not a whole number from 1. */
export function addressReader(trusted: TrustedProxy | undefined): AddressReader {
  if (!trusted) return (request) => request.socket.remoteAddress ?? ''
  const { header, proxies = 1 } = trusted
  if (!Number.isInteger(proxies) || proxies < 1)
    throw new RangeError('trustedProxy.proxies must be a whole number from 1')
  return (request) => {
    const value = request.headers[header]
    const list = (Array.isArray(value) ? value.join(',') : (value ?? '')).split(',').map((address) => address.trim())
    // From the right: what stands further left than our proxies wrote is the client's own claim.
    const claimed = list[list.length - proxies]
    return claimed !== undefined && claimed !== '' && claimed.length <= 64
      ? claimed
      : (request.socket.remoteAddress ?? '')
  }
}

/** Whether an address is this machine itself: a proxy beside the server, or a test. Limits for each address leave it out. */
export function isLoopback(address: string): boolean {
  return address === '::1' || /^(::ffff:)?127\./.test(address)
}

/**
 * What counts as one peer: an IPv4 address, or the /64 network of an IPv6 address, all of whose addresses anybody has who has
 * one of them. What is no address stands for itself.
 */
export function networkOf(address: string): string {
  if (!address.includes(':') || address.includes('.')) return address
  const [head = '', tail] = address.split('::')
  const groups = head === '' ? [] : head.split(':')
  if (tail !== undefined) {
    const behind = tail === '' ? 0 : tail.split(':').length
    while (groups.length + behind < 8) groups.push('0')
  }
  return groups.length < 4 ? address : `${groups.slice(0, 4).join(':')}::/64`
}
