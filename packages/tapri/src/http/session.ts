import type { CacheStore } from '../cache/index.ts'
import type { Issue } from '../kit/errors.ts'
import { formatPath } from '../kit/errors.ts'
import { milliseconds } from '../kit/measures.ts'
import { decodeWire, encodeWire } from '../kit/wire.ts'
import { type Check, compileCheck, type Fields, type Reads } from '../schema/index.ts'
import { exchangeOf, type HttpContext } from './context.ts'
import { httpError } from './errors.ts'
import type { Exchange } from './exchange.ts'
import { middleware } from './kit.ts'
import type { Reply } from './reply.ts'
import { hashOfId, newSessionId, SessionCookie } from './session-cookie.ts'
import type { Middleware } from './types.ts'

export interface SessionOptions<F extends Fields> {
  /** What a session holds. */
  readonly fields: F
  /** How long it lives after it was last used: `2h` unless told. */
  readonly idle?: number | string
  /** How long it lives at most, however much it is used: `7d` unless told. */
  readonly absolute?: number | string
  /** The beginning of its cookie's name, `__Host-NAME-session`: `app` unless told. */
  readonly name?: string
}

/** What the server remembers of one browser. */
export interface Session<F extends Fields> {
  /** Whether nothing is kept of this caller yet. */
  readonly isNew: boolean
  get<K extends keyof F & string>(name: K): Reads<F>[K] | undefined
  /** Keeps these values, and forgets those that are undefined; once the handler is done.
   * @throws TAPRI_HTTP_SESSION */
  set(values: { readonly [K in keyof F]?: Reads<F>[K] | undefined }): void
  /** Goes on under another id, and the one before is worth nothing: call it whenever the caller may do more than before. */
  regenerate(): Promise<void>
  /** Forgets everything, also the cookie. */
  destroy(): Promise<void>
}

interface Plan {
  readonly checks: ReadonlyMap<string, Check>
  readonly idle: number
  readonly absolute: number
  readonly cookie: string
}

/**
 * Sessions on the server, beside signing in: a basket, the steps of a form. The browser has a random id of 256 bits, the
 * store (memory, or the Redis of CACHE_URL) its hash. Nothing is kept, and no cookie set, before something is.
 * @throws TAPRI_KIT_DURATION
 * @example visitor.use(sessions({ fields: { step: int() } })).get('/', ({ session }) => session.get('step') ?? 1)
 */
export function sessions<const F extends Fields>(options: SessionOptions<F>): Middleware<{ readonly session: Session<F> }> {
  const { fields, idle = '2h', absolute = '7d', name = 'app' } = options
  const plan: Plan = {
    checks: new Map(Object.entries(fields).map(([key, field]) => [key, compileCheck(field['~field'], 'json')])),
    idle: milliseconds(idle),
    absolute: milliseconds(absolute),
    cookie: `${name}-session`,
  }
  return middleware(async function sessions(context: HttpContext, next) {
    const exchange = exchangeOf(context)
    const session = new StoredSession(plan, exchange, () => context.reply)
    await session.load()
    await next({ session })
    if (exchange.isRequest) await session.save()
  })
}

class StoredSession {
  readonly #plan: Plan
  readonly #exchange: Exchange
  readonly #store: CacheStore
  readonly #cookie: SessionCookie
  readonly #reply: () => Reply
  #id: string | undefined
  #values = new Map<string, unknown>()
  #began: number
  #seen: number
  #state: 'same' | 'changed' | 'over' = 'same'

  constructor(plan: Plan, exchange: Exchange, reply: () => Reply) {
    this.#plan = plan
    this.#exchange = exchange
    this.#store = exchange.shared.sessions
    this.#cookie = new SessionCookie(plan.cookie, exchange)
    this.#reply = reply
    this.#began = exchange.shared.time.now()
    this.#seen = this.#began
  }

  get isNew(): boolean {
    return this.#id === undefined
  }

  get(name: string): unknown {
    // an answer that was made from it is nobody else's
    this.#exchange.personal ??= 'the session'
    return this.#values.get(name)
  }

  set(values: Readonly<Record<string, unknown>>): void {
    if (this.#state === 'over') throw wrong('it is over: set values before the handler is done, and not after destroy()')
    this.#exchange.personal ??= 'the session'
    const issues: Issue[] = []
    for (const [name, value] of Object.entries(values)) {
      const check = this.#plan.checks.get(name)
      if (check === undefined) throw wrong(`"${name}" is not among its fields`)
      if (value === undefined) this.#values.delete(name)
      else this.#values.set(name, check(value, [name], issues))
    }
    const [issue] = issues
    if (issue !== undefined) throw wrong(`${formatPath(issue.path)} ${issue.message}`)
    this.#state = 'changed'
  }

  async regenerate(): Promise<void> {
    const before = this.#id
    this.#id = undefined
    await this.#begin()
    if (before !== undefined) await this.#store.delete(this.#key(before))
    this.#state = 'same'
  }

  async destroy(): Promise<void> {
    if (this.#id !== undefined) {
      await this.#store.delete(this.#key(this.#id))
      this.#cookie.clear(this.#reply())
    }
    this.#id = undefined
    this.#values.clear()
    this.#state = 'over'
  }

  /** An id that the server does not know is never taken over: nobody can choose the id of somebody else's session. */
  async load(): Promise<void> {
    const id = this.#cookie.read()
    if (id === undefined) return
    const entry = await this.#store.get(this.#key(id))
    if (entry === undefined) return
    const { values, began, seen } = asKept(decodeWire(entry.text))
    if (this.#now >= began + this.#plan.absolute) return
    this.#id = id
    this.#began = began
    this.#seen = seen
    for (const [name, value] of Object.entries(values)) this.#take(name, value)
  }

  async save(): Promise<void> {
    const isChanged = this.#state === 'changed'
    this.#state = 'over'
    if (this.#id === undefined) {
      if (isChanged && this.#values.size > 0) await this.#begin()
      return
    }
    // once in a while is enough to tell that it is used
    if (isChanged || this.#now - this.#seen >= this.#plan.idle / 10) await this.#keep(this.#id, { replaces: true })
  }

  async #begin(): Promise<void> {
    const id = newSessionId()
    await this.#keep(id, {})
    this.#id = id
    this.#cookie.write(this.#reply(), id, this.#left)
  }

  /** In the place of what is there: a request that began before the session was ended must not bring it back. */
  async #keep(id: string, { replaces }: { readonly replaces?: true }): Promise<void> {
    const kept: Kept = { values: Object.fromEntries(this.#values), began: this.#began, seen: this.#now }
    const keep = { fresh: Math.min(this.#plan.idle, this.#left), stale: 0, stamp: {} }
    await this.#store.set(this.#key(id), encodeWire(kept), replaces === undefined ? keep : { ...keep, replaces })
  }

  /** A field that has another form since then is left out. */
  #take(name: string, value: unknown): void {
    const issues: Issue[] = []
    const taken = this.#plan.checks.get(name)?.(value, [name], issues)
    if (taken !== undefined && issues.length === 0) this.#values.set(name, taken)
  }

  get #now(): number {
    return this.#exchange.shared.time.now()
  }

  get #left(): number {
    return this.#began + this.#plan.absolute - this.#now
  }

  #key(id: string): string {
    return `${this.#plan.cookie} ${hashOfId(id)}`
  }
}

interface Kept {
  readonly values: Readonly<Record<string, unknown>>
  readonly began: number
  readonly seen: number
}

// The text was written by StoredSession; nobody else knows the key.
function asKept(value: unknown): Kept {
  return value as Kept
}

function wrong(why: string) {
  return httpError('TAPRI_HTTP_SESSION', `Cannot change the session: ${why}`)
}
