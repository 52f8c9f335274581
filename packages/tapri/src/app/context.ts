import { type Auth, type AuthActions, type AuthService, authService, type Caller } from '../auth/index.ts'
import type { Database, Db, ReadSet } from '../data/index.ts'
import { type Exchange, HttpContext } from '../http/index.ts'
import type { Clock } from '../kit/clock.ts'
import type { Log } from '../observe/index.ts'
import { appError } from './errors.ts'

/** What one started app gives to all its contexts. */
export interface ContextParts {
  readonly database: Database
  /** Absent in an app without a model `users`. */
  readonly auth: Auth | undefined
  readonly settings: object
  readonly log: Log
  readonly clock: Clock
}

/** Who calls, and what a live query learns of the run; unset for a plain request until it is prepared. */
export interface Calling {
  readonly caller: Caller | null
  readonly reads?: ReadSet
  readonly signal?: AbortSignal
}

const visitor: Calling = { caller: null }

/** The context of every handler of one app. */
export abstract class AppContext extends HttpContext {
  calling: Calling = visitor
  protected abstract readonly parts: ContextParts
  #db: Db<any> | undefined
  #log: Log | undefined

  get user(): Caller['user'] | null {
    return this.calling.caller?.user ?? null
  }

  /** A GET reads and nothing else: it may be asked again, cached and followed live. Nothing is begun for a caller who has left. */
  get db(): Db<any> {
    this.#db ??= this.parts.database.asCaller(
      { user: this.user },
      { reads: this.calling.reads, readOnly: this.route.method === 'get', signal: this.signal },
    )
    return this.#db
  }

  get now(): Date {
    return new Date(this.parts.clock.now())
  }

  get settings(): object {
    return this.parts.settings
  }

  get log(): Log {
    this.#log ??= this.parts.log.with({ request: this.id, route: this.route.name })
    return this.#log
  }

  get auth(): AuthActions<any> {
    return this.#auth().actions(this)
  }

  get [authService](): AuthService {
    return this.#auth()
  }

  #auth(): Auth {
    if (this.parts.auth !== undefined) return this.parts.auth
    throw appError('TAPRI_APP_NO_USERS', 'Cannot sign anyone in: the app has no model "users"')
  }

  override get signal(): AbortSignal {
    return this.calling.signal ?? super.signal
  }
}

/** The context class of one started app: what all its requests share hangs on the class, not on each of them. */
export function contextClass(parts: ContextParts): new (exchange: Exchange) => AppContext {
  return class extends AppContext {
    protected get parts(): ContextParts {
      return parts
    }
  }
}

/** Tells who calls and turns away visitors from routes that are not theirs; at once when no credential has to be looked up. */
export function prepareWith(auth: Auth | undefined): (context: AppContext) => void | Promise<void> {
  return (context) => {
    // the context itself is the options: its reply is only made when a cookie has to be set
    const caller = auth?.identify(context.request, context) ?? null
    if (caller === null) return admit(context, null)
    return caller instanceof Promise ? caller.then((found) => admit(context, found)) : admit(context, caller)
  }
}

function admit(context: AppContext, caller: Caller | null): void {
  admitCaller(context.route.access, caller)
  if (caller !== null) context.calling = { caller }
}

/** @throws TAPRI_APP_SIGN_IN */
export function admitCaller(access: string, caller: Caller | null): void {
  if (access === 'visitor' || caller !== null) return
  throw appError('TAPRI_APP_SIGN_IN', 'Cannot answer a visitor here: sign in first')
}
