import { type Decimal, decimalOf, partsOf } from '../kit/decimal.ts'
import { kitError } from '../kit/errors.ts'
import type { BelongsTo, Field, FieldFacts, Fields, Guarded, HasMany, Id, ManyToMany, Private } from './field.ts'
import { common, field } from './make.ts'

type Fallback<T, D> = undefined extends D ? T : T | undefined

/** Text of `min` to `max` characters (0 to 10,000 unless told), NUL refused.
 * @example text({ min: 3, max: 120 }) */
export function text<const D extends string | undefined = undefined>(
  options: { min?: number; max?: number; match?: RegExp; trim?: boolean; default?: D; unique?: boolean } = {},
): Field<string, Fallback<string, D>> {
  const { min = 0, max = 10_000, match, trim = false, ...rest } = options
  return field({ kind: 'text', min, max, trim, ...(match && { match }), ...common(rest) })
}

/** A whole number that JavaScript holds exactly (up to 2^53 - 1 either way).
 * @example int({ min: 1, default: 1 }) */
export function int<const D extends number | undefined = undefined>(
  options: { min?: number; max?: number; default?: D; unique?: boolean } = {},
): Field<number, Fallback<number, D>> {
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER, ...rest } = options
  return field({ kind: 'int', min, max, ...common(rest) })
}

/** How often the row was written: 1 when it is made, one more with each change. Nobody writes it; `update` takes the
 * version that a change was made from, and refuses when it is not the row's any more.
 * @example version() */
export function version(): Field<number, undefined> {
  return field({ kind: 'int', min: 1, max: Number.MAX_SAFE_INTEGER, version: true, ...common({ default: 1 }) })
}

/** A finite number.
 * @example float({ min: 0, max: 5 }) */
export function float<const D extends number | undefined = undefined>(
  options: { min?: number; max?: number; default?: D } = {},
): Field<number, Fallback<number, D>> {
  const { min = -Number.MAX_VALUE, max = Number.MAX_VALUE, ...rest } = options
  return field({ kind: 'float', min, max, ...common(rest) })
}

/** An exact decimal, as text in and out: `'12.30'`. It has at most `precision` digits (15 unless told, and 15 at most),
 * `scale` of them (2 unless told) after the point; a whole number may be written as a bigint.
 * @example decimal({ scale: 2, min: '0', default: '0.00' }) */
export function decimal<const D extends Decimal | undefined = undefined>(
  options: { precision?: number; scale?: number; min?: Decimal; max?: Decimal; default?: D; unique?: boolean } = {},
): Field<Decimal, Fallback<string | bigint, D>> {
  const { precision = 15, scale = 2, min, max, default: fallback, ...rest } = options
  const whole = Number.isSafeInteger(precision) && Number.isSafeInteger(scale)
  if (!whole || scale < 0 || precision < Math.max(scale, 1) || precision > 15) {
    throw kitError(
      'TAPRI_KIT_DECIMAL',
      `Cannot use decimal({ precision: ${precision}, scale: ${scale} }): it has 1 to 15 digits, and no more after the point`,
    )
  }
  const canonical = (value: Decimal | undefined) => canonicalOf(value, { precision, scale })
  const [lowest, highest, usual] = [canonical(min), canonical(max), canonical(fallback)]
  return field({
    kind: 'decimal',
    precision,
    scale,
    ...(lowest !== undefined && { min: lowest }),
    ...(highest !== undefined && { max: highest }),
    ...common({ ...rest, default: usual }),
  })
}

function canonicalOf(value: Decimal | undefined, digits: { precision: number; scale: number }): Decimal | undefined {
  if (value === undefined) return undefined
  const parts = partsOf(value, digits.scale)
  if (parts !== undefined && String(parts).replace('-', '').length <= digits.precision) return decimalOf(parts, digits.scale)
  throw kitError(
    'TAPRI_KIT_DECIMAL',
    `Cannot use "${value}": it is no decimal of ${digits.precision} digits, ${digits.scale} of them after the point`,
  )
}

/** True or false.
 * @example bool({ default: false }) */
export function bool<const D extends boolean | undefined = undefined>(
  options: { default?: D } = {},
): Field<boolean, Fallback<boolean, D>> {
  return field({ kind: 'bool', ...common(options) })
}

/** A moment, to the millisecond, in UTC.
 * @example time({ default: 'now' }) */
export function time<const D extends 'now' | undefined = undefined>(
  options: { default?: D } = {},
): Field<Date, Fallback<Date, D>> {
  return field({ kind: 'time', ...common(options) })
}

/** Makes deleting a mark: the moment at which the row was deleted, null before. Nobody writes it or reads such rows, but
 * for `db.asSystem` with `withDeleted`; `restore` brings them back.
 * @example deletedAt: softDelete() */
export function softDelete(): Field<Date | null, undefined> {
  return field({ kind: 'time', softDelete: true, ...common({}), optional: true })
}

/** A calendar day, `2026-11-21`, without a time zone.
 * @example date() */
export function date(): Field<string> {
  return field({ kind: 'date', ...common({}) })
}

/** An e-mail address; stored in lower case, so that one mailbox is one account.
 * @example email({ unique: true }) */
export function email(options: { unique?: boolean } = {}): Field<string> {
  return field({ kind: 'email', ...common(options) })
}

/** An absolute http or https URL of at most 2,048 characters.
 * @example url() */
export function url(): Field<string> {
  return field({ kind: 'url', ...common({}) })
}

/** One of these words.
 * @example oneOf(['draft', 'public'], { default: 'draft' }) */
export function oneOf<const V extends string, const D extends V | undefined = undefined>(
  values: readonly V[],
  options: { default?: D } = {},
): Field<V, Fallback<V, D>> {
  return field({ kind: 'oneOf', values, ...common(options) })
}

/** Any JSON value, as the type says; its shape is not checked.
 * @example json<{ theme: string }>() */
export function json<T = unknown>(): Field<T> {
  return field({ kind: 'json', ...common({}) })
}

/** A list of at most `max` (1,000 unless told) values.
 * @example list(text({ max: 30 }), { max: 10 }) */
export function list<Out, In>(
  of: Field<Out, In>,
  options: { min?: number; max?: number } = {},
): Field<readonly Out[], readonly In[]> {
  const { min = 0, max = 1000 } = options
  return field({ kind: 'list', of: of['~field'], min, max, ...common({}) })
}

/** The id of a row of a model.
 * @example id('videos') */
export function id<const Of extends string>(of: Of): Field<Id<Of>> {
  return field({ kind: 'id', of, ...common({}) })
}

/** The one row of another model that this row belongs to. `onDelete` says what becomes of this row
 * when that one goes: refuse (`restrict`, unless told), go too (`cascade`), forget it (`null`, optional only).
 * @example belongsTo('users', { onDelete: 'cascade' }) */
export function belongsTo<const Target extends string>(
  target: Target,
  options: { onDelete?: 'restrict' | 'cascade' | 'null'; unique?: boolean } = {},
): BelongsTo<Target> {
  const { onDelete = 'restrict', ...rest } = options
  return field({ kind: 'belongsTo', target, onDelete, ...common(rest) })
}

/** The rows of another model whose field `by` names this row.
 * @example hasMany('videos', 'author') */
export function hasMany<const Target extends string, const By extends string>(target: Target, by: By): HasMany<Target, By> {
  return field({ kind: 'hasMany', target, by, ...common({}) })
}

/** Rows of another model that belong to many rows of this one. The pairs are kept in a table of their own, or in the
 * model that `through` names; `by` says which of its fields names this row when both could.
 * @example manyToMany('tags') */
export function manyToMany<const Target extends string>(
  target: Target,
  options: { through?: string; by?: string } = {},
): ManyToMany<Target> {
  return field({ kind: 'manyToMany', target, ...options, ...common({}) })
}

/** The field may be null, and may be left out.
 * @example optional(text()) */
export function optional<F extends Field<any, any>>(of: F): Optional<F> {
  return field({ ...of['~field'], optional: true })
}

/** The field had another name before: the next migration renames its column, and the values stay.
 * @example heading: was('title', text({ max: 120 })) */
export function was<F extends { readonly '~field': FieldFacts }>(name: string, of: F): F {
  return field({ ...of['~field'], was: [name, ...(of['~field'].was ?? [])] })
}

/** The same fields, each of which may be left out: what is not sent is not changed.
 * @example member.patch('/:id', { body: partial(pick(videos, 'title', 'description')) }, …) */
export function partial<const F extends Fields>(fields: F): Partially<F> {
  const loose = Object.entries(fields).map(([name, of]) => [name, field({ ...of['~field'], mayBeAbsent: true })])
  return Object.fromEntries(loose)
}

/** The field is read only by `db.asSystem` and by the user whose own row it is, never by other callers.
 * @example private(email({ unique: true })) */
function privately<F extends Field<any, any>>(of: F): F & Private {
  return field({ ...of['~field'], private: true })
}

/** Callers read the field in the rows in which the policy's `fields` opens it; in all others it is null to them, in
 * answers as in filters and orders. Without such a rule nobody but `db.asSystem` reads it. The `user` of a request is the
 * whole row all the same.
 * @example salary: guarded(decimal({ scale: 2 })) */
export function guarded<F extends Field<any, any>>(of: F): GuardedField<F> {
  return field({ ...of['~field'], guarded: true })
}

type GuardedField<F> = F extends Field<infer Out, any> ? Omit<F, '~out'> & { readonly '~out': Out | null } & Guarded<Out> : never

export { privately as private }

type Optional<F> =
  F extends Field<infer Out, infer In>
    ? Omit<F, '~out' | '~in'> & { readonly '~out': Out | null; readonly '~in': In | null | undefined }
    : never

type Partially<F> = {
  readonly [K in keyof F]: F[K] extends Field<infer Out, infer In> ? Field<Out | undefined, In | undefined> : never
}
