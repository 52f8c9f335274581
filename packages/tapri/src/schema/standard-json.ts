import type { StandardSchemaV1 } from './field.ts'
import type { JsonSchema } from './json-schema.ts'

/** The JSON Schema of somebody else's schema, as far as it tells one (Standard JSON Schema); else anything. */
export function standardSchema(schema: StandardSchemaV1<any, any>, side: 'input' | 'output'): JsonSchema {
  const standard: object = schema['~standard']
  if (!('jsonSchema' in standard) || !canConvert(standard.jsonSchema)) return {}
  try {
    const { $schema: _dialect, ...found } = standard.jsonSchema[side]({ target: 'draft-2020-12' })
    return found
  } catch {
    // The specification lets libraries throw for schemas that JSON Schema cannot say
    return {}
  }
}

type Convert = (options: { readonly target: string }) => Record<string, unknown>

function canConvert(value: unknown): value is Readonly<Record<'input' | 'output', Convert>> {
  if (typeof value !== 'object' || value === null || !('input' in value) || !('output' in value)) return false
  return typeof value.input === 'function' && typeof value.output === 'function'
}
