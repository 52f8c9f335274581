import { type Issue, invalid } from '../kit/errors.ts'
import { type Check, compileCheck, type Path, type Source } from './check.ts'
import type { Field, Fields, StandardSchemaV1 } from './field.ts'

export type Outcome = { readonly value: Readonly<Record<string, unknown>> } | { readonly issues: readonly Issue[] }

/** Checks a whole input. Never throws for a bad one. */
export type Validator = (input: unknown) => Outcome

/** A route's input may be our fields or any Standard Schema (zod, valibot, arktype …). */
export type InputSchema = Fields | StandardSchemaV1<any, any>

export interface ValidatorOptions {
  readonly source: Source
  /** `update` leaves absent fields absent; `create` asks for them or takes their default. */
  readonly absent?: 'create' | 'update'
  /** The moment that a default of `now` stands for. */
  readonly now?: () => number
}

export function isStandardSchema(schema: InputSchema): schema is StandardSchemaV1<any, any> {
  return '~standard' in schema
}

/** The fields of a schema that lists them; none for a Standard Schema, which keeps its own counsel. */
export function fieldsOf(schema: InputSchema | undefined): Fields {
  return schema === undefined || isStandardSchema(schema) ? {} : schema
}

interface Slot {
  readonly key: string
  readonly check: Check
  readonly required: boolean
  readonly fallback: unknown
  readonly isNow: boolean
}

/**
 * Compiles fields into one validator: unknown keys are refused, every failing path is listed.
 * @example compileFields({ page: int({ min: 1, default: 1 }) }, { source: 'text' })({ page: '2' }) // { value: { page: 2 } }
 */
export function compileFields(fields: Fields, options: ValidatorOptions): Validator {
  const slots = Object.entries(fields).map(([key, field]) => slotOf(key, field, options))
  const known = new Set(slots.map((slot) => slot.key))
  const now = options.now ?? Date.now

  return (input) => {
    if (typeof input !== 'object' || input === null || Array.isArray(input)) {
      return { issues: [{ path: [], message: 'must be an object' }] }
    }
    const given = input as Readonly<Record<string, unknown>>
    const issues: Issue[] = []
    const path: Path = []
    const value: Record<string, unknown> = {}
    for (const slot of slots) {
      const raw = Object.hasOwn(given, slot.key) ? given[slot.key] : undefined
      if (raw === undefined) {
        if (slot.isNow) value[slot.key] = new Date(now())
        else if (slot.fallback !== undefined) value[slot.key] = slot.fallback
        else if (slot.required) issues.push({ path: [slot.key], message: 'is required' })
        continue
      }
      path.push(slot.key)
      value[slot.key] = slot.check(raw, path, issues)
      path.pop()
    }
    for (const key in given) {
      if (!known.has(key)) issues.push({ path: [key], message: 'is not known here' })
    }
    return issues.length === 0 ? { value } : { issues }
  }
}

function slotOf(key: string, field: Field<unknown, unknown>, options: ValidatorOptions): Slot {
  const facts = field['~field']
  const creating = options.absent !== 'update' && facts.mayBeAbsent !== true
  return {
    key,
    check: compileCheck(facts, options.source),
    required: creating && !facts.optional,
    fallback: creating ? (facts.default ?? (facts.optional ? null : undefined)) : undefined,
    isNow: creating && facts.kind === 'time' && facts.default === 'now',
  }
}

/** Checks with a Standard Schema; its own messages are kept.
 * @throws TAPRI_INVALID with every issue */
export async function checkStandard(schema: StandardSchemaV1<any, any>, input: unknown, of: string): Promise<unknown> {
  const outcome = await schema['~standard'].validate(input)
  if (outcome.issues === undefined) return outcome.value
  throw invalid(
    outcome.issues.map((issue) => ({ path: (issue.path ?? []).map(stepOf), message: issue.message })),
    of,
  )
}

function stepOf(step: PropertyKey | { readonly key: PropertyKey }): string | number {
  const key = typeof step === 'object' ? step.key : step
  return typeof key === 'number' ? key : String(key)
}
