import type { Database, NarrowDatabase } from '../data/index.ts'
import type { ChannelOpener } from '../live/index.ts'
import type { Log } from '../observe/index.ts'
import { reachOf } from './check.ts'
import { appError } from './errors.ts'
import type { Part } from './part.ts'
import type { AnyService } from './service.ts'
import { settingsIn } from './services.ts'

/** What the routes, middleware and work at the start that are made from one kit see. */
export interface Sight {
  readonly database: NarrowDatabase
  readonly services: Readonly<Record<string, unknown>>
  readonly settings: object
}

interface Opened {
  readonly database: Database
  readonly settings: Readonly<Record<string, unknown>>
  readonly services: ReadonlyMap<AnyService, unknown>
}

/** What each part of an app sees. */
export class Sights {
  readonly #framework: Sight
  readonly #byKit = new Map<object, Sight>()
  /** Every service by its name. */
  readonly services: Readonly<Record<string, unknown>>

  constructor(parts: readonly Part[], opened: Opened) {
    for (const part of parts) this.#byKit.set(part.kit, sightOf(part, parts, opened))
    const { database, settings } = opened
    this.services = namedServices(opened.services)
    const [only, ...others] = this.#byKit.values()
    // an app of one part is seen alike by all that is in it
    this.#framework = only !== undefined && others.length === 0 ? only : { database, settings, services: this.services }
  }

  /** @throws TAPRI_APP_MISSING */
  of(kit: object | undefined): Sight {
    // routes that no kit made are the framework's own
    if (kit === undefined) return this.#framework
    const sight = this.#byKit.get(kit)
    if (sight !== undefined) return sight
    throw appError(
      'TAPRI_APP_MISSING',
      'Cannot run a middleware: it is made from the kit of a module that is not in the app; list it under `modules`',
    )
  }
}

function sightOf(part: Part, parts: readonly Part[], { database, settings, services }: Opened): Sight {
  const reach = reachOf(part, parts)
  return {
    // an app of one part sees all there is
    database: parts.length === 1 ? database : database.narrow(reach.models),
    services: namedServices(new Map([...reach.services].map((service) => [service, services.get(service)]))),
    settings: settingsIn(settings, part.kit.settings),
  }
}

function namedServices(services: ReadonlyMap<AnyService, unknown>): Readonly<Record<string, unknown>> {
  return Object.freeze(Object.fromEntries([...services].map(([{ name }, made]) => [name, made])))
}

/** The work of the parts at the start, that of the app last. */
export async function runOnStart(
  parts: readonly Part[],
  sights: Sights,
  shared: { readonly log: Log; readonly channel: ChannelOpener },
): Promise<void> {
  for (const { kit, onStart } of parts) {
    const { database, services, settings } = sights.of(kit)
    await onStart?.({ db: database.asSystem, services, settings, ...shared })
  }
}
