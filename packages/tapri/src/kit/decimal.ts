/** After the point, of any decimal. */
export const mostDigits = 30
/** As written in text: no exponent, no sign but a minus, no zeros in front, so that each number has one form of its digits. */
const form = /^-?(?:0|[1-9]\d{0,29})(?:\.\d{1,30})?$/

/** Text with a point, like `12.30`. */
export type Decimal = `${number}`

/**
 * A decimal as the whole number of its smallest parts; undefined for what is none, or has more digits after the point.
 * @example partsOf('12.3', 2) // 1230n
 */
export function partsOf(value: unknown, scale: number): bigint | undefined {
  if (typeof value === 'bigint') return value * 10n ** BigInt(scale)
  if (typeof value !== 'string' || !form.test(value)) return undefined
  const [whole = '0', fraction = ''] = value.split('.')
  if (fraction.length > scale) return undefined
  return BigInt(whole + fraction.padEnd(scale, '0'))
}

/**
 * The text of so many parts, always with `scale` digits after the point.
 * @example decimalOf(1230n, 2) // '12.30'
 */
export function decimalOf(parts: bigint | number, scale: number): Decimal {
  const digits = String(parts < 0 ? -BigInt(parts) : BigInt(parts)).padStart(scale + 1, '0')
  const sign = parts < 0 ? '-' : ''
  return scale === 0 ? asDecimal(sign + digits) : asDecimal(`${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`)
}

/** Moves the point of a number to the right, without the error that multiplying would add: 1.1 times 100 is no 110. */
export function movePoint(value: number, places: number): number {
  const [digits, exponent = '0'] = String(value).split('e')
  return Number(`${digits}e${Number(exponent) + places}`)
}

// Digits with a point among them, or none, are what the type says.
function asDecimal(text: string): Decimal {
  return text as Decimal
}
