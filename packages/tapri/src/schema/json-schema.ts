import type { FieldFacts, Fields, MediaFacts } from './field.ts'
import { sentFile, storedFile } from './file-schema.ts'
import { readsNull } from './shown.ts'

/** A JSON Schema 2020-12 document, the dialect of OpenAPI 3.1. */
export type JsonSchema = { readonly [key: string]: unknown }

export interface SchemaOptions {
  /** Stands for a stored file; its whole schema unless told. */
  readonly file?: (media: MediaFacts | undefined) => JsonSchema
  /** True where there are only texts, an empty one for null: paths, queries, forms. */
  readonly textual?: boolean
}

/** What a field looks like on the wire: `write` as it is sent, `read` as it is answered.
 * @example fieldSchema(int({ min: 1 })['~field'], 'read') // { type: 'integer', minimum: 1 } */
export function fieldSchema(facts: FieldFacts, side: 'read' | 'write', options: SchemaOptions = {}): JsonSchema {
  const schema = plainSchema(facts, side, options)
  const fallback =
    side === 'write' && facts.default !== undefined && facts.default !== 'now' && facts.mayBeAbsent !== true
      ? { default: facts.default }
      : {}
  const mayBeNull = side === 'read' ? readsNull(facts) : facts.optional && !options.textual
  return { ...(mayBeNull ? orNull(schema) : schema), ...fallback }
}

/** The object that these fields make up; what is sent has no other names in it.
 * @example objectSchema({ title: text() }, 'write').required // ['title'] */
export function objectSchema(fields: Fields, side: 'read' | 'write', options: SchemaOptions = {}): JsonSchema {
  const shown = Object.entries(fields).filter(
    ([, { '~field': facts }]) => facts.kind !== 'hasMany' && facts.kind !== 'manyToMany',
  )
  const required = shown.filter(
    ([, { '~field': facts }]) =>
      facts.mayBeAbsent !== true && (side === 'read' || (!facts.optional && facts.default === undefined)),
  )
  return {
    type: 'object',
    properties: Object.fromEntries(shown.map(([name, field]) => [name, fieldSchema(field['~field'], side, options)])),
    ...(required.length > 0 && { required: required.map(([name]) => name) }),
    ...(side === 'write' && { additionalProperties: false }),
  }
}

/** The schema with null beside what it allows. */
export function orNull(schema: JsonSchema): JsonSchema {
  const { type, enum: values } = schema
  // what allows everything allows null already
  if (Object.keys(schema).length === 0) return schema
  if (typeof type !== 'string') return { anyOf: [schema, { type: 'null' }] }
  return { ...schema, type: [type, 'null'], ...(Array.isArray(values) && { enum: [...values, null] }) }
}

function plainSchema(facts: FieldFacts, side: 'read' | 'write', options: SchemaOptions): JsonSchema {
  switch (facts.kind) {
    case 'text':
      return { type: 'string', ...atLeast('minLength', facts.min), maxLength: facts.max, ...patternOf(facts.match) }
    case 'email':
      return { type: 'string', format: 'email', maxLength: 254 }
    case 'url':
      return { type: 'string', format: 'uri', maxLength: 2048 }
    case 'int':
      return { type: 'integer', ...bounds(facts, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER) }
    case 'float':
      return { type: 'number', ...bounds(facts, -Number.MAX_VALUE, Number.MAX_VALUE) }
    case 'decimal':
      return { type: 'string', pattern: decimalPattern(facts.precision, facts.scale, side), ...described(decimalBounds(facts)) }
    case 'bool':
      return { type: 'boolean' }
    case 'time':
      return { type: 'string', format: 'date-time' }
    case 'date':
      return { type: 'string', format: 'date' }
    case 'json':
      return {}
    case 'oneOf':
      return { type: 'string', enum: facts.values }
    case 'list':
      return {
        type: 'array',
        items: fieldSchema(facts.of, side, options),
        ...atLeast('minItems', facts.min),
        maxItems: facts.max,
      }
    case 'file':
      if (side === 'write') return sentFile(facts, { textual: options.textual === true })
      return options.file?.(facts.media) ?? storedFile(facts.media).schema
    case 'id':
      return idOf(facts.of)
    case 'belongsTo':
      return idOf(facts.target)
    case 'hasMany':
    case 'manyToMany':
      return { type: 'array', items: { type: 'object' } }
  }
}

/** A bound that everything keeps is not told. */
function atLeast(name: string, min: number): JsonSchema {
  return min > 0 ? { [name]: min } : {}
}

function idOf(model: string): JsonSchema {
  return { type: 'string', format: 'uuid', description: `The id of a row of ${model}` }
}

/** An expression whose flags change what it matches has no pattern that says the same. */
function patternOf(match: RegExp | undefined): JsonSchema {
  return match === undefined || /[ism]/.test(match.flags) ? {} : { pattern: match.source }
}

/** JSON Schema has no bounds for texts. */
function decimalBounds({ min, max }: { readonly min?: string; readonly max?: string }): string {
  return [...(min === undefined ? [] : [`at least ${min}`]), ...(max === undefined ? [] : [`at most ${max}`])].join(', ')
}

function described(description: string): JsonSchema {
  return description === '' ? {} : { description }
}

/** Written with up to `scale` digits after the point, read with exactly so many. */
function decimalPattern(precision: number, scale: number, side: 'read' | 'write'): string {
  const digits = precision - scale
  const whole = digits === 0 ? '0' : digits === 1 ? '\\d' : `(?:0|[1-9]\\d{0,${digits - 1}})`
  if (scale === 0) return `^-?${whole}$`
  return side === 'read' ? `^-?${whole}\\.\\d{${scale}}$` : `^-?${whole}(?:\\.\\d{1,${scale}})?$`
}

function bounds(facts: { min: number; max: number }, lowest: number, highest: number): JsonSchema {
  return { ...(facts.min > lowest && { minimum: facts.min }), ...(facts.max < highest && { maximum: facts.max }) }
}
