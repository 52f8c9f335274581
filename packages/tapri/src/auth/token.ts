import { createHash, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'

const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const form = /^tapri_[0-9A-Za-z]{49}$/

/**
 * A new secret token: the prefix that secret scanners look for, 32 random bytes, and a checksum of both,
 * by which made-up and mistyped tokens are refused without asking the database.
 */
export function newToken(): string {
  const body = `tapri_${base62(BigInt(`0x${randomBytes(32).toString('hex')}`), 43)}`
  return body + checksum(body)
}

/** Whether the text could be one of our tokens; says nothing about whether it still is. */
export function isToken(text: string): boolean {
  return form.test(text) && checksum(text.slice(0, 49)) === text.slice(49)
}

/** What is stored in place of a token. Its 256 random bits need no salt and no slow hash. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}

function checksum(body: string): string {
  return base62(BigInt(crc32(body)), 6)
}

function base62(number: bigint, length: number): string {
  let text = ''
  for (let rest = number; text.length < length; rest /= 62n) text = digits.charAt(Number(rest % 62n)) + text
  return text
}
