import { createHash, randomBytes } from 'node:crypto'
import { readCookies } from './cookies.ts'
import type { Exchange } from './exchange.ts'
import type { Reply } from './reply.ts'
import { suitsSecureCookie } from './secure.ts'

/** The cookie of server-side sessions: `__Host-` and Secure wherever the browser may keep it so, else the plain name. */
export class SessionCookie {
  readonly #name: string
  readonly #secure: boolean
  readonly #exchange: Exchange

  constructor(name: string, exchange: Exchange) {
    this.#secure = suitsSecureCookie(exchange.request, exchange.shared)
    // only the name that suits is read: a neighbouring subdomain may plant a plain one
    this.#name = this.#secure ? `__Host-${name}` : name
    this.#exchange = exchange
  }

  /** The id that the caller shows, undefined when it has not the form of one. */
  read(): string | undefined {
    const id = readCookies(this.#exchange.request)[this.#name]
    return id !== undefined && idForm.test(id) ? id : undefined
  }

  write(reply: Reply, id: string, maxAge: number): void {
    reply.cookie(this.#name, id, { maxAge, path: '/', httpOnly: true, sameSite: 'lax', secure: this.#secure })
  }

  clear(reply: Reply): void {
    reply.clearCookie(this.#name, { path: '/', httpOnly: true, sameSite: 'lax', secure: this.#secure })
  }
}

const idForm = /^[\w-]{43}$/

/** 256 bits that nobody can guess. */
export function newSessionId(): string {
  return randomBytes(32).toString('base64url')
}

/** What is kept of an id: whoever reads the store cannot show it. */
export function hashOfId(id: string): string {
  return createHash('sha256').update(id).digest('base64url')
}
