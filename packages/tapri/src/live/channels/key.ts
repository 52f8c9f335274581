import type { RouteDefinition } from '../../http/index.ts'
import { invalid } from '../../kit/errors.ts'
import { compileFields } from '../../schema/index.ts'
import { liveError } from '../errors.ts'
import { longestKey } from './models.ts'

type Params = Readonly<Record<string, unknown>>

/**
 * What a channel is kept and heard under: its name with the values of its path.
 * @throws TAPRI_LIVE_CHANNEL
 */
export function keyOf(name: string, params: Params): string {
  const values = Object.keys(params)
    .sort()
    .map((key) => encodeURIComponent(textOf(params[key])))
  const key = [name, ...values].join('/')
  if (key.length <= longestKey) return key
  throw liveError('TAPRI_LIVE_CHANNEL', `Cannot find "${name}": the values of its path are longer than ${longestKey} characters`)
}

/** Reads the values of a channel's path as a join does: who names the same comes to the same key. */
export function paramsReader({ path, spec }: Pick<RouteDefinition, 'path' | 'spec'>): (given: Params) => Params {
  const names = [...path.matchAll(/[:*](\w+)/g)].map(([, name = '']) => name)
  const check = spec.params === undefined ? undefined : compileFields(spec.params, { source: 'text' })
  return (given) => {
    const missing = names.filter((name) => given[name] === undefined || given[name] === null)
    if (missing.length > 0) {
      throw invalid(
        missing.map((name) => ({ path: [name], message: 'is required' })),
        'params',
      )
    }
    const texts = Object.fromEntries(names.map((name) => [name, textOf(given[name])]))
    const outcome = check?.(texts) ?? { value: texts }
    if ('issues' in outcome) throw invalid(outcome.issues, 'params')
    return outcome.value
  }
}

function textOf(value: unknown): string {
  return value instanceof Date ? value.toISOString() : String(value)
}
