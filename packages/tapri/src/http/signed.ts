import { createHmac, timingSafeEqual } from 'node:crypto'
import { httpError } from './errors.ts'

/** A value with its signature: HMAC-SHA-256 over name and value, so that one cookie cannot pass for another.
 * @throws TAPRI_HTTP_COOKIE without a secret */
export function signedValue(name: string, value: string, secrets: readonly string[]): string {
  const [secret] = secrets
  if (secret !== undefined) return `${value}.${signature(name, value, secret)}`
  throw httpError(
    'TAPRI_HTTP_COOKIE',
    `Cannot sign the cookie "${name}": set APP_SECRET to a random text of 32 characters or more`,
  )
}

/** The values of those cookies whose signature one of the secrets has made. */
export function verifiedCookies(
  cookies: Readonly<Record<string, string>>,
  secrets: readonly string[],
): Readonly<Record<string, string>> {
  const verified: Record<string, string> = Object.create(null)
  for (const [name, signed] of Object.entries(cookies)) {
    const dot = signed.lastIndexOf('.')
    const value = signed.slice(0, dot)
    const given = Buffer.from(signed.slice(dot + 1))
    if (dot !== -1 && secrets.some((secret) => isSame(given, Buffer.from(signature(name, value, secret))))) verified[name] = value
  }
  return verified
}

function signature(name: string, value: string, secret: string): string {
  return createHmac('sha256', secret).update(`${name}=${value}`).digest('base64url')
}

function isSame(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other)
}
