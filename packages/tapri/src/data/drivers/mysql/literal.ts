import type { Sql, SqlValue } from '../sql/dialect.ts'

/** A statement of more than this is sent as it is, not as twice as many digits. */
const longest = 30_000

/**
 * The statement with its values in its text, so that it can be sent along with others: a prepared one is alone in its
 * message. Texts that have anything but plain signs are hexadecimal digits, which end nowhere but where they should, whatever
 * the server's settings.
 * Undefined where a value has no such text, or is long.
 */
export function literalText({ sql, parameters }: Sql): string | undefined {
  if (parameters.length === 0) return sql
  const parts = sql.split('?')
  // a question mark that is no place of a value
  if (parts.length !== parameters.length + 1) return undefined
  let text = parts[0] ?? ''
  for (const [at, value] of parameters.entries()) {
    const literal = literalOf(value)
    if (literal === undefined) return undefined
    text += literal + (parts[at + 1] ?? '')
  }
  return text
}

function literalOf(value: SqlValue): string | undefined {
  if (value === null) return 'null'
  if (typeof value === 'bigint') return String(value)
  if (typeof value === 'number') return numberText(value)
  if (typeof value !== 'string' || value.length > longest) return undefined
  return isPlain(value) ? `_utf8mb4'${value}'` : `_utf8mb4 x'${Buffer.from(value).toString('hex')}'`
}

/** Only signs of ASCII that can be seen, without those that end a text or begin an escape: twice as short, and read at once. */
function isPlain(value: string): boolean {
  return /^[ !"#$%&(-[\]-~]*$/.test(value)
}

/** Without an exponent a fraction would be a decimal first. */
function numberText(value: number): string | undefined {
  if (!Number.isFinite(value)) return undefined
  const text = String(value)
  return Number.isSafeInteger(value) || text.includes('e') ? text : `${text}e0`
}
