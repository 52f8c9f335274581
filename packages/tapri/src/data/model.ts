import type { Field, Guarded } from '../schema/index.ts'
import { dataError } from './errors.ts'
import type { Columns, Shape } from './rows.ts'
import type { Add } from './types.ts'

export interface ModelOptions<S> {
  /** Fields that together may not occur twice. Null is equal to nothing here. */
  readonly unique?: readonly (readonly (keyof Columns<S> & string)[])[]
  /** Fields that are often searched or ordered by together. */
  readonly index?: readonly (readonly (keyof Columns<S> & string)[])[]
  /** Texts whose words `search` finds. */
  readonly search?: readonly (keyof Columns<S> & string)[]
  /** What the model was called before, the latest name first: the next migration renames its table, and the rows stay. */
  readonly was?: string | readonly string[]
}

const optionsKey = Symbol('tapri.model.options')

/**
 * Declares a model: its fields and relations by name. Every row has an `id` besides.
 * @example export const likes = model({ video: belongsTo('videos'), user: belongsTo('users') }, { unique: [['video', 'user']] })
 */
export function model<const S extends Shape>(shape: S, options: ModelOptions<S> = {}): S {
  const copy = { ...shape }
  Object.defineProperty(copy, optionsKey, { value: options })
  Object.freeze(copy)
  return copy
}

/** The options that a shape was declared with; none for a plain object. */
export function optionsOf(shape: Shape): ModelOptions<Record<string, never>> {
  return Object.getOwnPropertyDescriptor(shape, optionsKey)?.value ?? {}
}

/** What a model was called before, the latest name first. */
export function formerNames(shape: Shape): readonly string[] {
  const { was = [] } = optionsOf(shape)
  return typeof was === 'string' ? [was] : was
}

/**
 * The fields of a model that a caller may send, named one by one, so that a field added later stays closed.
 * @example post('/', { body: pick(videos, 'title', 'source') }, ({ body }) => …)
 */
export function pick<const S extends Shape, const K extends keyof Columns<S> & string>(
  shape: S,
  ...fields: K[]
): { readonly [N in K]: Sent<Columns<S>[N]> } {
  const picked: Record<string, unknown> = {}
  for (const name of fields) {
    const field = Object.hasOwn(shape, name) ? shape[name] : undefined
    if (field === undefined || field['~field'].kind === 'hasMany' || field['~field'].kind === 'manyToMany') {
      throw dataError('TAPRI_DATA_MODEL', `Cannot pick "${name}": the model has the fields ${Object.keys(shape).join(', ')}`)
    }
    picked[name] = field
  }
  return onlyPicked(picked)
}

/** What is sent is the caller's own, and whole: a guarded field is null only where it is read. */
type Sent<F> = F extends Guarded<infer Full> ? (F extends Field<any, infer In> ? Field<Full | Extract<In, null>, In> : never) : F

// Each name was looked up in the shape above, which the type system cannot follow through the loop.
function onlyPicked<T>(picked: Record<string, unknown>): T {
  return picked as T
}

/**
 * Adds to a number in the database, or to a decimal, given in text; two additions at once both count.
 * @example db.videos.update(id, { views: add(1) })
 */
export function add<const N extends number | string | bigint>(number: N): Add<N> {
  return { '~add': number }
}
