import { bytes } from '../kit/measures.ts'
import { type Fields, fieldsOf } from '../schema/index.ts'
import { onceForKey } from './idempotent.ts'
import { checkSpec, compileInputs, type InputCheck } from './inputs.ts'
import { layer } from './onion.ts'
import { paramNames, parsePattern } from './pattern.ts'
import type { Handler, MiddlewareRun, ServedRoute } from './types.ts'
import { Versions } from './versions.ts'

/** A route made ready: nothing of its declaration is looked at again while it answers. */
export interface CompiledRoute {
  readonly served: ServedRoute
  /** What of a body it reads: `form` when there are files in it, `stream` when the handler reads it itself. */
  readonly takes: BodyKind
  readonly fields: Fields
  /** Bytes of a body that is read into memory. */
  readonly bodyLimit: number
  /** Absent when there is nothing to check. */
  readonly check: InputCheck | undefined
  /** Of whole answers, so that callers who have them are told so; absent where they carry no entity tag. */
  readonly versions: Versions | undefined
  readonly compresses: boolean
  /** Of an answer whose handler says no other. */
  readonly status: number
  /** Of the path's parameters, in their order. */
  readonly names: readonly string[]
  /** The path's parameters by name. */
  params(texts: readonly string[]): Readonly<Record<string, string>>
  readonly run: Handler
}

/** @throws TAPRI_HTTP_ROUTE, TAPRI_HTTP_INPUT_TWICE */
export function compileRoute(route: ServedRoute, bodyLimit: number, around: readonly MiddlewareRun[] = []): CompiledRoute {
  const names = paramNames(parsePattern(route.path))
  checkSpec(route)
  const fields = fieldsOf(route.spec.body)
  const takes = bodyKind(route)
  return {
    served: route,
    takes,
    fields,
    bodyLimit,
    check: compileInputs(route),
    versions: route.method === 'get' && route.spec.etag !== false ? new Versions() : undefined,
    compresses: route.spec.compress !== false,
    status: route.spec.status ?? 200,
    names,
    params: (texts) => {
      const params: Record<string, string> = {}
      for (let index = 0; index < names.length; index++) params[names[index] ?? ''] = texts[index] ?? ''
      return params
    },
    run: onceForKey(route, layer([...around, ...route.middleware], route.handler)),
  }
}

type BodyKind = 'none' | 'json' | 'form' | 'stream'

/** How a route's body travels. */
export function bodyKind(route: Pick<ServedRoute, 'spec'>): BodyKind {
  if (route.spec.streamed === true) return 'stream'
  if (route.spec.body === undefined) return 'none'
  const hasFiles = Object.values(fieldsOf(route.spec.body)).some(
    ({ '~field': facts }) => facts.kind === 'file' || (facts.kind === 'list' && facts.of.kind === 'file'),
  )
  return hasFiles ? 'form' : 'json'
}

/** The limit of bodies that are read into memory, in bytes. */
export function bodyLimitOf(limit: number | string | undefined): number {
  return bytes(limit ?? '1mb')
}
