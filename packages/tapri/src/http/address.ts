import type { IncomingMessage } from 'node:http'
import ipaddr from 'ipaddr.js'

/**
 * The sender that an address stands for: an IPv4 address itself, whichever way it is written, or the /64 of an
 * IPv6 one, because one customer has all of it.
 * @example senderOf('::ffff:203.0.113.9') // '203.0.113.9'
 */
export function senderOf(ip: string): string {
  // a zone (fe80::1%eth0) names an interface of this machine, not a sender
  const text = ip.split('%', 1)[0] ?? ''
  if (!ipaddr.isValid(text)) return 'unknown'
  const address = ipaddr.process(text)
  if (address.kind() === 'ipv4') return address.toString()
  const network = address.toByteArray().slice(0, 8)
  return `${Buffer.from(network).toString('hex')}/64`
}

/** Whose X-Forwarded-For is believed: so many proxies in front, or those with these addresses (`10.0.0.0/8`, `loopback`). */
export type TrustProxy = number | readonly string[]

/** The address that a request comes from: that of the connection, unless a proxy that is trusted says another. */
export function callerAddress(request: IncomingMessage, trust: TrustProxy): string {
  const nearest = (request.socket.remoteAddress ?? '').replace(/^::ffff:(?=[\d.]+$)/, '')
  const header = request.headers['x-forwarded-for']
  return trust === 0 || typeof header !== 'string' ? nearest : forwardedFrom(nearest, header, trust)
}

/** Whether an address is of this machine or of a network that is nobody else's. */
export function isLocalAddress(ip: string): boolean {
  return isTrusted(plain(ip), 0, ['loopback', 'private'])
}

/**
 * The address that a request comes from, seen through the proxies that are trusted: from the nearest outwards, the first
 * that is not one of them. What stands further left anybody may have written.
 * @example forwardedFrom('10.0.0.2', '198.51.100.7, 10.0.0.1', ['10.0.0.0/8']) // '198.51.100.7'
 */
export function forwardedFrom(nearest: string, header: string, trust: TrustProxy): string {
  const chain = header.split(',').map((part) => part.trim())
  let address = plain(nearest)
  for (let hop = 0; isTrusted(address, hop, trust) && chain.length > 0; hop++) {
    const next = plain(chain.pop() ?? '')
    // not an address: whoever wrote it is the last that can be believed
    if (!ipaddr.isValid(next)) return address
    address = next
  }
  return address
}

/** Refuses at start what is neither a number of proxies nor their addresses. */
export function isTrustProxy(trust: TrustProxy): boolean {
  if (typeof trust === 'number') return Number.isInteger(trust) && trust >= 0 && trust <= 20
  return trust.every((each) => each in named || ipaddr.isValid(each) || ipaddr.isValidCIDR(each))
}

const named: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  private: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7', 'fe80::/10'],
}

function isTrusted(address: string, hop: number, trust: TrustProxy): boolean {
  if (typeof trust === 'number') return hop < trust
  return ipaddr.isValid(address) && trust.flatMap((each) => named[each] ?? [each]).some((range) => isWithin(address, range))
}

function isWithin(address: string, range: string): boolean {
  const parsed = ipaddr.process(address)
  if (!range.includes('/')) return ipaddr.process(range).toString() === parsed.toString()
  const [network, bits] = ipaddr.parseCIDR(range)
  return network.kind() === parsed.kind() && parsed.match(network, bits)
}

/** Without a port and brackets, and an IPv4 address written as IPv6 as the former. */
function plain(text: string): string {
  const bare = /^\[(.*)\](?::\d+)?$/.exec(text)?.[1] ?? (/^[\d.]+:\d+$/.test(text) ? text.slice(0, text.indexOf(':')) : text)
  return ipaddr.isValid(bare) ? ipaddr.process(bare).toString() : bare
}
