import type { Field, FieldFacts, Private, StandardSchemaV1 } from './field.ts'

/** What a route answers: `Value` for the compiler, facts for documents and checks. */
export interface Output<out Value> {
  readonly '~shown': Value
  readonly '~output': OutputFacts
}

/** What a route says of its answers: a field, rows, or an object of these; a Standard Schema too. */
export type OutputSchema = Field<any, any> | Output<unknown> | StandardSchemaV1<any, any> | OutputObject
export interface OutputObject {
  readonly [name: string]: OutputSchema
}

/** A model as its declaration gives it. */
export type ModelShape = Readonly<Record<string, { readonly '~field': FieldFacts }>>

/** Rows of a model, known by its declaration, or by its name to rooms that do not have that. */
export interface RowFacts {
  readonly kind: 'row'
  readonly model: ModelShape | string
  /** What stands in the row beside its fields, or in the place of one. */
  readonly with: Readonly<Record<string, OutputFacts>>
  /** Only these fields and the id; all that callers may read when undefined. */
  readonly select: readonly string[] | undefined
  readonly private: boolean
}

/** An answer at run time: plain data that documents and checks are made from. */
export type OutputFacts =
  | RowFacts
  | { readonly kind: 'field'; readonly facts: FieldFacts }
  | { readonly kind: 'object'; readonly members: Readonly<Record<string, OutputFacts>> }
  | { readonly kind: 'list' | 'page' | 'nullable' | 'events' | 'lines'; readonly of: OutputFacts }
  | { readonly kind: 'content'; readonly type: string }
  | { readonly kind: 'standard'; readonly schema: StandardSchemaV1<any, any> }
  | { readonly kind: 'nothing' }

/** What a handler must give where its route says this. */
export type OutputValue<O> =
  O extends StandardSchemaV1<any, infer Value>
    ? Value
    : O extends { readonly '~shown': infer Value }
      ? Value
      : O extends Field<infer Value, any>
        ? Value
        : { readonly [K in keyof O]: OutputValue<O[K]> }

type Readable<S, All> = {
  readonly [K in keyof S as S[K] extends Field<any, any>
    ? All extends true
      ? K
      : S[K] extends Private
        ? never
        : K
    : never]: S[K] extends Field<infer Value, any> ? Value : never
}
type NullOf<F> = F extends Field<infer Value, any> ? Extract<Value, null> : never
/** A row as its options show it. */
export type RowValue<S, W, K, All> = { readonly id: string } & Omit<
  string extends K ? Readable<S, All> : Pick<Readable<S, All>, Extract<K, keyof Readable<S, All>>>,
  keyof W
> & { readonly [N in keyof W]: OutputValue<W[N]> | (N extends keyof S ? NullOf<S[N]> : never) }

/** What a route's `output` is at run time. */
export function outputFacts(schema: OutputSchema): OutputFacts {
  if (isStandard(schema)) return { kind: 'standard', schema }
  if (isOutput(schema)) return schema['~output']
  if (isField(schema)) return { kind: 'field', facts: schema['~field'] }
  return { kind: 'object', members: factsByName(schema) }
}

function isStandard(schema: OutputSchema): schema is StandardSchemaV1<any, any> {
  return '~standard' in schema
}

function isOutput(schema: OutputSchema): schema is Output<unknown> {
  return '~output' in schema
}

function isField(schema: OutputSchema): schema is Field<any, any> {
  return '~field' in schema
}

/** The same of several, by name. */
export function factsByName(members: OutputObject): Readonly<Record<string, OutputFacts>> {
  return Object.fromEntries(Object.entries(members).map(([name, member]) => [name, outputFacts(member)]))
}
