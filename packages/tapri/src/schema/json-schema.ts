import type { FieldFacts, Fields } from './field.ts'

/** A JSON Schema 2020-12 document, the dialect of OpenAPI 3.1. */
export type JsonSchema = { readonly [key: string]: unknown }

/** What a field looks like on the wire: `write` as it is sent, `read` as it is answered. */
export function fieldSchema(facts: FieldFacts, side: 'read' | 'write'): JsonSchema {
  const schema = plainSchema(facts, side)
  const fallback =
    side === 'write' && facts.default !== undefined && facts.default !== 'now' && facts.mayBeAbsent !== true
      ? { default: facts.default }
      : {}
  const mayBeNull = facts.optional || (side === 'read' && facts.guarded === true)
  if (!mayBeNull) return { ...schema, ...fallback }
  return typeof schema.type === 'string' ? { ...schema, type: [schema.type, 'null'] } : { anyOf: [schema, { type: 'null' }] }
}

/** The object that these fields make up. */
export function objectSchema(fields: Fields, side: 'read' | 'write'): JsonSchema {
  const shown = Object.entries(fields).filter(
    ([, { '~field': facts }]) => facts.kind !== 'hasMany' && facts.kind !== 'manyToMany',
  )
  const required = shown.filter(
    ([, { '~field': facts }]) =>
      side === 'read' || (!facts.optional && facts.default === undefined && facts.mayBeAbsent !== true),
  )
  return {
    type: 'object',
    properties: Object.fromEntries(shown.map(([name, field]) => [name, fieldSchema(field['~field'], side)])),
    ...(required.length > 0 && { required: required.map(([name]) => name) }),
    additionalProperties: false,
  }
}

function plainSchema(facts: FieldFacts, side: 'read' | 'write'): JsonSchema {
  switch (facts.kind) {
    case 'text':
      return { type: 'string', minLength: facts.min, maxLength: facts.max, ...(facts.match && { pattern: facts.match.source }) }
    case 'email':
      return { type: 'string', format: 'email', maxLength: 254 }
    case 'url':
      return { type: 'string', format: 'uri', maxLength: 2048 }
    case 'int':
      return { type: 'integer', ...bounds(facts, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER) }
    case 'float':
      return { type: 'number', ...bounds(facts, -Number.MAX_VALUE, Number.MAX_VALUE) }
    case 'decimal':
      return { type: 'string', pattern: decimalPattern(facts.precision, facts.scale, side) }
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
      return { type: 'array', items: fieldSchema(facts.of, side), minItems: facts.min, maxItems: facts.max }
    case 'file':
      return side === 'write' ? { type: 'string', format: 'binary' } : storedFile
    case 'id':
    case 'belongsTo':
      return { type: 'string', format: 'uuid' }
    case 'hasMany':
    case 'manyToMany':
      return { type: 'array', items: { type: 'object' } }
  }
}

/** Written with up to `scale` digits after the point, read with exactly so many. */
function decimalPattern(precision: number, scale: number, side: 'read' | 'write'): string {
  const digits = precision - scale
  const whole = digits === 0 ? '0' : digits === 1 ? '\\d' : `(?:0|[1-9]\\d{0,${digits - 1}})`
  if (scale === 0) return `^-?${whole}$`
  return side === 'read' ? `^-?${whole}\\.\\d{${scale}}$` : `^-?${whole}(?:\\.\\d{1,${scale}})?$`
}

const storedFile: JsonSchema = {
  type: 'object',
  properties: {
    id: { type: 'string', format: 'uuid' },
    name: { type: 'string' },
    type: { type: 'string' },
    size: { type: 'integer', minimum: 0 },
    url: { type: 'string', format: 'uri-reference' },
  },
  required: ['id', 'name', 'type', 'size', 'url'],
}

function bounds(facts: { min: number; max: number }, lowest: number, highest: number): JsonSchema {
  return { ...(facts.min > lowest && { minimum: facts.min }), ...(facts.max < highest && { maximum: facts.max }) }
}
