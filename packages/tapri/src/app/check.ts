import { appError } from './errors.ts'
import { inOrderOfUse, titleOf } from './order.ts'
import { type Part, partsOf, policiesOf, routesOf } from './part.ts'
import type { AnyService } from './service.ts'
import type { AppDescription } from './types.ts'

/**
 * Refuses an app whose parts do not fit together, before anything of it is opened.
 * @throws TAPRI_APP_NAME_TWICE, TAPRI_APP_MISSING, TAPRI_APP_RING
 */
export function checkParts(description: AppDescription): void {
  const parts = partsOf(description)
  checkNames(parts)
  for (const part of parts) checkReach(part, parts)
  servicesInOrder(parts)
  checkOwners(description, parts)
}

/** Names that the database, the client and `services` share belong to one part each. */
function checkNames(parts: readonly Part[]): void {
  const modules = new Names('module')
  const models = new Names('model')
  const services = new Names('service')
  const controllers = new Names('controller')
  const channels = new Names('channel')
  const settings = new Names('setting')
  for (const { name, title, kit, controllers: own, channels: ownChannels } of parts) {
    if (name !== undefined) modules.take(name, title)
    for (const key of Object.keys(kit.models)) models.take(key, title)
    for (const key of Object.keys(own)) controllers.take(key, title)
    for (const key of Object.keys(ownChannels)) channels.take(key, title)
    for (const [key, field] of Object.entries(kit.settings)) settings.take(key, title, field)
    for (const each of kit.services) {
      services.take(each.name, title)
      for (const [key, field] of Object.entries(each.definition.settings)) settings.take(key, titleOf('service', each), field)
    }
  }
  refuseShared(controllers, channels)
}

/** The client has both by name. */
function refuseShared(controllers: Names, channels: Names): void {
  const shared = controllers.shared(channels)
  if (shared === undefined) return
  throw appError('TAPRI_APP_NAME_TWICE', `Cannot start: a controller and a channel are both called "${shared}"; rename one`)
}

class Names {
  readonly #kind: string
  readonly #taken = new Map<string, { readonly by: string; readonly what: unknown }>()

  constructor(kind: string) {
    this.#kind = kind
  }

  /** A name that the others have too. */
  shared(others: Names): string | undefined {
    return [...this.#taken.keys()].find((name) => others.#taken.has(name))
  }

  /** The same field under the same name is one setting, which several may need. */
  take(name: string, by: string, what: unknown = {}): void {
    const before = this.#taken.get(name)
    this.#taken.set(name, { by, what })
    if (before === undefined || before.what === what) return
    const both = before.by === by ? `${by} has both` : `${before.by} has one, ${by} the other`
    throw appError('TAPRI_APP_NAME_TWICE', `Cannot start: two ${this.#kind}s are called "${name}", ${both}; rename one`)
  }
}

/** What a part names must be its own, or exported by a module that it uses. */
function checkReach(part: Part, parts: readonly Part[]): void {
  const { title, kit, exports } = part
  const ownModels = Object.keys(kit.models)
  const ownServices = kit.services.map(({ name }) => name)
  requireAll(exports.models, ownModels, (name) => `${title} exports the model "${name}", which it does not have`)
  requireAll(exports.services, ownServices, (name) => `${title} exports the service "${name}", which it does not have`)
  const reach = reachOf(part, parts)
  for (const service of kit.services) {
    const { uses, models } = service.definition
    const stranger = uses.find((used) => !reach.services.has(used))
    if (stranger !== undefined) throw missing(`${titleOf('service', service)} uses ${hint(stranger, title, parts)}`)
    requireAll(
      Object.keys(models),
      [...reach.models],
      (name) => `${titleOf('service', service)} works on the model "${name}", which ${title} does not see; export it where it is`,
    )
  }
}

export interface Reach {
  readonly models: ReadonlySet<string>
  readonly services: ReadonlySet<AnyService>
}

/** What a part sees: its own, and what the modules that it uses export. */
export function reachOf({ kit }: Part, parts: readonly Part[]): Reach {
  const models = new Set(Object.keys(kit.models))
  const services = new Set(kit.services)
  for (const { kit: used } of kit.uses) {
    const from = parts.find((each) => each.kit === used)
    for (const name of from?.exports.models ?? []) models.add(name)
    for (const service of used.services) if (from?.exports.services.includes(service.name)) services.add(service)
  }
  return { models, services }
}

/** Every service of the app, each after those that it uses.
 * @throws TAPRI_APP_RING */
export function servicesInOrder(parts: readonly Part[]): readonly AnyService[] {
  const services = parts.flatMap(({ kit }) => kit.services)
  return inOrderOfUse(services, 'service', ({ definition }) => definition.uses)
}

/** Refuses routes made from a kit that is no part of the app: nobody could say what they see. */
function checkOwners(description: AppDescription, parts: readonly Part[]): void {
  const kits = new Set<object>(parts.map(({ kit }) => kit))
  const stray = routesOf(description, '').find(({ owner }) => owner !== undefined && !kits.has(owner))
  if (stray === undefined) return
  throw missing(`the route "${stray.name}" is made from the kit of a module that is not in the app; list it under \`modules\``)
}

/**
 * Refuses an app in which nobody has said who may read and write a model.
 * @throws TAPRI_APP_NO_POLICY
 */
export function checkPolicies(description: AppDescription): void {
  const { models } = description
  const judged = new Set(policiesOf(description).map(({ model }) => model))
  const silent = Object.keys(models).filter((name) => !judged.has(name))
  const first = silent[0]
  if (first === undefined) return
  const names = silent.map((name) => `"${name}"`).join(', ')
  const stray = [...judged].filter((name) => !Object.hasOwn(models, name)).map((name) => `"${name}"`)
  const slip = stray.length === 0 ? '' : ` (there is a policy for ${stray.join(', ')}, which is no model)`
  throw appError(
    'TAPRI_APP_NO_POLICY',
    `Cannot start: no policy says who may read and write ${names}${slip}; write policy('${first}', { … }), or policy('${first}', {}) to keep it closed`,
  )
}

function hint(service: AnyService, title: string, parts: readonly Part[]): string {
  const owner = parts.find(({ kit }) => kit.services.includes(service))
  const used = titleOf('service', service)
  if (owner === undefined) return `${used}, which is not in the app; list it under \`services\``
  return `${used} of ${owner.title}, which ${title} does not see; export it there, and let ${title} use that module`
}

function requireAll(names: readonly string[], known: readonly string[], sentence: (name: string) => string): void {
  const stranger = names.find((name) => !known.includes(name))
  if (stranger !== undefined) throw missing(sentence(stranger))
}

function missing(sentence: string) {
  return appError('TAPRI_APP_MISSING', `Cannot start: ${sentence}`)
}
