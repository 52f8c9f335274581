import type { Policy } from '../data/index.ts'
import { type MiddlewareRun, type ServedRoute, servedRoutes } from '../http/index.ts'
import type { Channels } from '../live/index.ts'
import type { Fields } from '../schema/index.ts'
import type { AnyModule, Controllers, KitParts, ModuleParts } from './module.ts'
import { inOrderOfUse, titleOf } from './order.ts'
import type { AnyService } from './service.ts'
import type { AppDescription } from './types.ts'

/** The app itself, or one of its modules. */
export interface Part {
  /** Of a module. */
  readonly name?: string
  /** For messages: `the app`, or `module "videos"`. */
  readonly title: string
  readonly kit: KitParts
  readonly controllers: Controllers
  readonly channels: Channels
  readonly policies: readonly Policy[]
  readonly prefix: string
  readonly use: readonly MiddlewareRun[]
  readonly exports: { readonly models: readonly string[]; readonly services: readonly string[] }
  readonly onStart: ModuleParts<Controllers, any, any, any>['onStart']
}

type Declared = Pick<AppDescription, 'kit' | 'parts'>

/**
 * The modules, each after those that it uses, and the app last.
 * @throws TAPRI_APP_RING, TAPRI_APP_MISSING
 */
export function partsOf({ kit, parts }: Declared): readonly Part[] {
  const modules = inOrderOfUse<AnyModule>(parts.modules ?? [], 'module', (each) => each.kit.uses)
  const app: Part = {
    title: 'the app',
    kit,
    controllers: parts.controllers,
    channels: parts.channels ?? {},
    policies: parts.policies,
    prefix: '',
    use: [],
    exports: { models: [], services: [] },
    onStart: parts.onStart,
  }
  return [...modules.map(modulePart), app]
}

function modulePart(module: AnyModule): Part {
  const { controllers = {}, channels = {}, policies = [], prefix = '', use = [], exports = {}, onStart } = module.parts
  return {
    name: module.name,
    title: titleOf('module', module),
    kit: module.kit,
    controllers,
    channels,
    policies,
    prefix: prefix === '/' ? '' : prefix,
    use: use.map(({ run }) => run),
    exports: { models: exports.models ?? [], services: exports.services ?? [] },
    onStart,
  }
}

/** What an app declares with all that its modules do; what is twice in it is told at its start. */
export function describe({ kit, parts }: Declared): AppDescription {
  const kits = [kit, ...(parts.modules ?? []).map((each) => each.kit)]
  return {
    kit,
    parts,
    models: merged(kits.map(({ models }) => models)),
    settings: merged(kits.flatMap((each) => settingsOf(each, () => true))),
  }
}

/** The settings that the app needs when some of its services are replaced. */
export function neededSettings({ kit, parts }: Declared, replaced: Readonly<Record<string, unknown>>): Fields {
  const kits = [kit, ...(parts.modules ?? []).map((each) => each.kit)]
  return merged(kits.flatMap((each) => settingsOf(each, ({ name }) => !Object.hasOwn(replaced, name))))
}

function settingsOf({ settings, services }: KitParts, isMade: (service: AnyService) => boolean): readonly Fields[] {
  return [settings, ...services.filter(isMade).map(({ definition }) => definition.settings)]
}

function merged<T>(records: readonly Readonly<Record<string, T>>[]): Readonly<Record<string, T>> {
  return Object.assign({}, ...records)
}

/** Every policy of the app and of its modules. */
export function policiesOf({ parts }: AppDescription): readonly Policy[] {
  return [...parts.policies, ...(parts.modules ?? []).flatMap((each) => each.parts.policies ?? [])]
}

/** Every route with its whole path, and inside of the middleware of its module. */
export function routesOf(description: Declared, prefix: string): readonly ServedRoute[] {
  return partsOf(description).flatMap((part) =>
    servedRoutes(part.controllers, `${prefix === '/' ? '' : prefix}${part.prefix}`).map((route) =>
      part.use.length === 0 ? route : { ...route, middleware: [...part.use, ...route.middleware] },
    ),
  )
}

/** Whether the app, or one of its modules, has channels. */
export function hasChannels(description: Declared): boolean {
  return partsOf(description).some(({ channels }) => Object.keys(channels).length > 0)
}
