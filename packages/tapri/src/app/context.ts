import { type Auth, type AuthActions, type AuthService, authService, type Caller } from '../auth/index.ts'
import { bypassing, type Cache } from '../cache/index.ts'
import type { Db, ReadSet } from '../data/index.ts'
import type { FileActions } from '../files/index.ts'
import { type Exchange, exchangeOf, HttpContext, showsCredential } from '../http/index.ts'
import type { Clock } from '../kit/clock.ts'
import type { ChannelOpener, LiveRun } from '../live/index.ts'
import type { Log } from '../observe/index.ts'
import { appError } from './errors.ts'
import type { OwnChannels } from './own-channels.ts'
import type { Sight, Sights } from './sight.ts'

/** What one started app gives to all its contexts. */
export interface ContextParts {
  /** What each part of the app sees of the database, the services and the settings. */
  readonly sights: Sights
  /** Absent in an app without a model `users`. */
  readonly auth: Auth | undefined
  readonly log: Log
  readonly clock: Clock
  readonly cache: Cache
  readonly files: FileActions
  readonly channels: OwnChannels
}

/** Who calls, and what a live query learns of the run; unset for a plain request until it is prepared. */
export interface Calling {
  readonly caller: Caller | null
  readonly reads?: ReadSet
  /** Reads in the place of the database, for a live query. */
  readonly reader?: LiveRun<Caller>['reader']
  /** Told when a handler looks at who calls. */
  onCallerSeen?(): void
  readonly signal?: AbortSignal
}

const visitor: Calling = { caller: null }

/** The context of every handler of one app. */
export abstract class AppContext extends HttpContext {
  calling: Calling = visitor
  protected abstract readonly parts: ContextParts
  /** Another context of the same exchange. */
  protected abstract sibling(): AppContext
  #db: Db<any> | undefined
  #log: Log | undefined
  #sight: Sight | undefined
  #views: Map<Sight, AppContext> | undefined

  get user(): Caller['user'] | null {
    this.calling.onCallerSeen?.()
    return this.calling.caller?.user ?? null
  }

  /** A GET reads and nothing else: it may be asked again, cached and followed live. Nothing goes on for a caller who has left. */
  get db(): Db<any> {
    this.#db ??= this.#own.database.asCaller(
      { user: this.calling.caller?.user ?? null },
      { reads: this.calling.reads, reader: this.calling.reader, readOnly: this.route.method === 'get', signal: this.signal },
    )
    return this.#db
  }

  /** What the part of the app sees that the route belongs to. */
  get #own(): Sight {
    this.#sight ??= this.parts.sights.of(this.route.owner)
    return this.#sight
  }

  /** This context as middleware of another part of the app sees it: with the database, services and settings of that part. */
  seenFrom(kit: object): AppContext {
    const sight = this.parts.sights.of(kit)
    if (sight === this.#own) return this
    this.#views ??= new Map()
    const view = this.#views.get(sight) ?? this.sibling()
    view.#sight = sight
    this.#views.set(sight, view)
    // who calls, and what middleware outside of this one has added
    return Object.defineProperties(view, Object.getOwnPropertyDescriptors(this))
  }

  get now(): Date {
    if (this.calling.reads !== undefined) this.calling.reads.isTimed = true
    return new Date(this.parts.clock.now())
  }

  get settings(): object {
    return this.#own.settings
  }

  /** A live query has to see every read: it takes nothing from the cache. */
  get cache(): Cache {
    return this.calling.reads === undefined ? this.parts.cache : bypassing(this.parts.cache)
  }

  get files(): FileActions {
    return this.parts.files
  }

  get channel(): ChannelOpener {
    return this.parts.channels.openerFor({ isReadOnly: this.route.method === 'get', reads: this.calling.reads })
  }

  get services(): object {
    return this.#own.services
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
    this.calling.onCallerSeen?.()
    if (this.parts.auth !== undefined) return this.parts.auth
    throw appError('TAPRI_APP_NO_USERS', 'Cannot sign anyone in: the app has no model "users"')
  }

  override get signal(): AbortSignal {
    return this.calling.signal ?? super.signal
  }
}

/** What a middleware that was made from the kit is given, whatever it runs around. */
export function seenFrom(kit: object, context: object): object {
  return context instanceof AppContext ? context.seenFrom(kit) : context
}

/** The context class of one started app: what all its requests share hangs on the class, not on each of them. */
export function contextClass(parts: ContextParts): new (exchange: Exchange) => AppContext {
  return class OwnContext extends AppContext {
    protected get parts(): ContextParts {
      return parts
    }

    protected sibling(): AppContext {
      return new OwnContext(exchangeOf(this))
    }
  }
}

/** Tells who calls and turns away visitors from routes that are not theirs; at once when no credential has to be looked up. */
export function prepareWith(auth: Auth | undefined): (context: AppContext) => void | Promise<void> {
  return (context) => {
    if ((exchangeOf(context).flags & showsCredential) === 0) return admit(context, null)
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
