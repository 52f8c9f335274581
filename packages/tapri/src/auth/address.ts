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
