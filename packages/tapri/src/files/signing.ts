import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto'
import { senderOf } from '../http/index.ts'
import type { Clock } from '../kit/clock.ts'
import { milliseconds } from '../kit/measures.ts'
import type { Log } from '../observe/index.ts'
import { filesError } from './errors.ts'

export interface SigningOptions {
  /** Texts that nobody else knows: the first signs, the others are still believed. */
  readonly secrets: readonly string[]
  readonly clock: Clock
  readonly log: Log
  /** Then it is worth a warning when there is no secret. */
  readonly production: boolean
}

export interface SignOptions {
  /** How long it is believed: milliseconds or a text like `1h`; for ever when it is not told. */
  readonly expires?: number | string | undefined
  /** The address of the only one who may use it; of an IPv6 one, all of its network. */
  readonly ip?: string | undefined
}

/**
 * Signs texts, so that who brings one back with its token is known to have it from here. The key is derived from the secret
 * by HKDF (RFC 5869) and the token is an HMAC-SHA-256 of 128 bits (RFC 2104), in characters that URLs take as they are.
 * @example const token = signing.sign(`segment ${file.id}`, { expires: '6h' })
 */
export class Signing {
  readonly #clock: Clock
  readonly #keys: readonly Uint8Array[]
  #warn: () => void

  constructor({ secrets, clock, log, production }: SigningOptions) {
    this.#clock = clock
    // without a secret what was signed is worth nothing after a restart, and in other processes
    this.#keys = secrets.length === 0 ? [randomBytes(32)] : secrets.map(derived)
    const isWeak = secrets.length === 0 && production
    this.#warn = () => {
      if (isWeak) log.event('files.secret.missing', { cure: 'set APP_SECRET to a random text of 32 characters or more' }, 'warn')
      this.#warn = () => {}
    }
  }

  /** The token of a text: `EXPIRY.SIGNATURE`.
   * @throws TAPRI_KIT_DURATION, TAPRI_FILES_ADDRESS when the address is none */
  sign(text: string, { expires, ip }: SignOptions = {}): string {
    this.#warn()
    const seconds = expires === undefined ? '' : Math.ceil((this.#clock.now() + milliseconds(expires)) / 1000).toString(36)
    const sender = ip === undefined ? '' : senderOf(ip)
    if (sender === 'unknown') {
      throw filesError(
        'TAPRI_FILES_ADDRESS',
        `Cannot sign for the address "${ip}": give an IP address, like that of \`context.ip\``,
      )
    }
    const claim = sender === '' ? seconds : `${seconds}~`
    const [key = noKey] = this.#keys
    return `${claim}.${signature(text, claim, sender, key)}`
  }

  /** The token of a text that works no longer than another token, which was verified, and for the same address if that is for one.
   * @throws TAPRI_KIT_DURATION */
  narrow(text: string, token: string, { expires, ip }: { readonly expires: number; readonly ip: string }): string {
    const { ends, isBound } = claimOf(token)
    const left = Math.min(expires, Math.max(1, ends - this.#clock.now()))
    return this.sign(text, { expires: left, ip: isBound ? ip : undefined })
  }

  /** Whether the token was made for this text, has not expired, and is for this address if it is for one. */
  verify(text: string, token: string, { ip }: { readonly ip?: string | undefined } = {}): boolean {
    const [, claim = '', seconds = '', bound, given = ''] = form.exec(token) ?? []
    if (given === '') return false
    if (seconds !== '' && this.#clock.now() >= Number.parseInt(seconds, 36) * 1000) return false
    const sender = bound === '' ? '' : senderOf(ip ?? '')
    return sender !== 'unknown' && this.#keys.some((key) => isSame(given, signature(text, claim, sender, key)))
  }
}

/** A claim is the second of its end in base 36, and `~` when it is for one address. */
const form = /^(([0-9a-z]{0,9})(~?))\.([\w-]{22})$/

/** When a token ends, in milliseconds since 1970, and whether it is for one address only. */
export function claimOf(token: string): { readonly ends: number; readonly isBound: boolean } {
  const [, , seconds = '', bound = ''] = form.exec(token) ?? []
  return { ends: seconds === '' ? Number.POSITIVE_INFINITY : Number.parseInt(seconds, 36) * 1000, isBound: bound !== '' }
}

const noKey = new Uint8Array(0)

function derived(secret: string): Uint8Array {
  // RFC 5869 3.2: the purpose parts this key from those of cookies
  return new Uint8Array(hkdfSync('sha256', secret, '', 'tapri files', 32))
}

function signature(text: string, claim: string, sender: string, key: Uint8Array): string {
  // neither a claim nor a sender has a line break, so no two of them and a text can read alike
  const mac = createHmac('sha256', key).update(`${claim}\n${sender}\n${text}`)
  return mac.digest().subarray(0, 16).toString('base64url')
}

function isSame(given: string, right: string): boolean {
  return given.length === right.length && timingSafeEqual(Buffer.from(given), Buffer.from(right))
}
