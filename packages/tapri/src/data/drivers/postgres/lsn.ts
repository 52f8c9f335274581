/** A place in the server's log, in the one form in which places compare as texts: `00000001/0A3B9F00`. */
export function lsn(text: string): string {
  const [high = '', low = ''] = text.toUpperCase().split('/')
  return `${high.padStart(8, '0')}/${low.padStart(8, '0')}`
}

/** The place one byte before; the package adds a byte to what it acknowledges, and a commit may begin right at the next one. */
export function before(place: string): string {
  const [high = '0', low = '0'] = place.split('/')
  const number = (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`) - 1n
  return lsn(`${(number >> 32n).toString(16)}/${(number & 0xffffffffn).toString(16)}`)
}
