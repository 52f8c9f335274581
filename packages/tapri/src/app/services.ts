import { bypassedWhile, type Cache } from '../cache/index.ts'
import type { Database } from '../data/index.ts'
import type { Clock } from '../kit/clock.ts'
import type { Log } from '../observe/index.ts'
import type { Fields } from '../schema/index.ts'
import { servicesInOrder } from './check.ts'
import { appError } from './errors.ts'
import type { Following } from './following.ts'
import { titleOf } from './order.ts'
import type { OwnChannels } from './own-channels.ts'
import type { Part } from './part.ts'
import type { AnyService } from './service.ts'

const startTime = 30_000
const stopTime = 10_000

interface StartOptions {
  readonly database: Database
  /** Learns what the services read. */
  readonly following: Following
  readonly channels: OwnChannels
  readonly settings: Readonly<Record<string, unknown>>
  readonly log: Log
  readonly clock: Clock
  readonly cache: Cache
  /** Stand in for services of these names, which are not started then. */
  readonly replaced: Readonly<Record<string, unknown>>
  /** What ends them, to be called in reverse; each is added as soon as its service is there. */
  readonly closers: (() => Promise<void> | void)[]
}

/**
 * Starts every service, each after those that it uses, one at a time.
 * @throws TAPRI_APP_SERVICE
 */
export async function startServices(parts: readonly Part[], options: StartOptions): Promise<ReadonlyMap<AnyService, unknown>> {
  const { replaced, closers, log, clock } = options
  const services = servicesInOrder(parts)
  const stranger = Object.keys(replaced).find((name) => !services.some((service) => service.name === name))
  if (stranger !== undefined) {
    const names = services.map(({ name }) => `"${name}"`).join(', ') || 'none'
    throw appError('TAPRI_APP_MISSING', `Cannot replace the service "${stranger}": the app has ${names}`)
  }
  const started = new Map<AnyService, unknown>()
  for (const service of services) {
    const { name } = service
    if (Object.hasOwn(replaced, name)) {
      started.set(service, replaced[name])
      continue
    }
    const begun = clock.now()
    const made = await startOne(service, started, options)
    closers.push(() => endOne(service, made, clock))
    started.set(service, made)
    log.event('app.service.started', { service: name, ms: clock.now() - begun }, 'debug')
  }
  return started
}

async function startOne(service: AnyService, started: ReadonlyMap<AnyService, unknown>, options: StartOptions): Promise<unknown> {
  const { uses, settings, models, make } = service.definition
  const { database, following, channels, log, clock, cache } = options
  const title = titleOf('service', service)
  const making = (async () =>
    make({
      services: Object.fromEntries(uses.map((used) => [used.name, started.get(used)])),
      settings: settingsIn(options.settings, settings),
      db: database.narrow(new Set(Object.keys(models))).systemDb({ reads: following.reads }),
      channel: channels.openerFor({ isReadOnly: false, reads: following.reads }),
      cache: bypassedWhile(() => following.isAtWork, cache),
      log: log.with({ service: service.name }),
      clock,
    }))()
  try {
    return await inTime(making, { clock, limit: startTime })
  } catch (cause) {
    if (cause === late) {
      // it may come up after all, and nobody has a use for it then
      making
        .then((made) => endOne(service, made, clock))
        .catch((error: unknown) => log.error(`Cannot end the late ${title}`, { error }))
      throw failed(title, `it took more than ${startTime / 1000} seconds; let its waiting end sooner`)
    }
    throw failed(title, messageOf(cause), cause)
  }
}

async function endOne(service: AnyService, made: unknown, clock: Clock): Promise<void> {
  const { dispose } = service.definition
  const end = dispose === undefined ? disposalOf(made) : () => dispose(made)
  const ending = (async () => end?.())()
  try {
    await inTime(ending, { clock, limit: stopTime })
  } catch (cause) {
    const why = cause === late ? `it took more than ${stopTime / 1000} seconds` : messageOf(cause)
    throw appError('TAPRI_APP_SERVICE', `Cannot end the ${titleOf('service', service)}: ${why}`, { cause })
  }
}

/** How the language's own `using` would end it. */
function disposalOf(made: unknown): (() => unknown) | undefined {
  if (typeof made !== 'object' || made === null) return undefined
  if (Symbol.asyncDispose in made) {
    const end = made[Symbol.asyncDispose]
    if (typeof end === 'function') return () => end.call(made)
  }
  if (Symbol.dispose in made) {
    const end = made[Symbol.dispose]
    if (typeof end === 'function') return () => end.call(made)
  }
  return undefined
}

const late = new Error('Too late')

async function inTime<T>(work: Promise<T>, { clock, limit }: { readonly clock: Clock; readonly limit: number }): Promise<T> {
  let cancel = () => {}
  const timer = new Promise<never>((_, reject) => {
    cancel = clock.after(limit, () => reject(late))
  })
  try {
    return await Promise.race([work, timer])
  } finally {
    cancel()
  }
}

/** Of all settings those that were asked for. */
export function settingsIn(all: Readonly<Record<string, unknown>>, asked: Fields): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.keys(asked).map((name) => [name, all[name]]))
}

function failed(title: string, why: string, cause?: unknown) {
  return appError('TAPRI_APP_SERVICE', `Cannot start the ${title}: ${why}`, { cause })
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
