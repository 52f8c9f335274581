import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Decimal } from '../kit/decimal.ts'

/** One field of a model, an input or a configuration: `Out` is what a read gives, `In` what a write takes. */
export interface Field<Out, In = Out> {
  readonly '~out': Out
  readonly '~in': In
  readonly '~field': FieldFacts
}

/** Fields by name: the shape of a body, a query, a model. */
export type Fields = Readonly<Record<string, Field<unknown, unknown>>>

export interface BelongsTo<Target extends string> extends Field<Id<Target>> {
  readonly '~target': Target
}

export interface HasMany<Target extends string, By extends string> {
  readonly '~many': Target
  readonly '~by': By
  readonly '~field': FieldFacts
}

/** A relation to rows that are related to many in turn; see `manyToMany`. */
export interface ManyToMany<Target extends string> {
  readonly '~many': Target
  readonly '~linked': true
  readonly '~field': FieldFacts
}

/** A field that callers never read; see `private`. */
export interface Private {
  readonly '~private': true
}

/** A field that callers read where the policy opens it, and as null elsewhere; see `guarded`. `Full` is what a row holds. */
export interface Guarded<Full> {
  readonly '~full': Full
}

/** The id of a row of one model: a UUIDv7 text that cannot be mistaken for another model's. */
export type Id<Of extends string> = string & { readonly '~id': Of }

/** A file that belongs to a row. */
export interface StoredFile {
  readonly id: string
  readonly name: string
  /** Media type, told from the content. */
  readonly type: string
  /** Bytes. */
  readonly size: number
  /** Where it can be fetched by those who may read the row. */
  readonly url: string
}

/** A picture that belongs to a row; `Variant` are the names of the sizes that its field declares. */
export interface StoredImage<Variant extends string = string> extends StoredFile {
  /** Pixels, as it is shown: the orientation that a camera noted is applied. */
  readonly width: number
  readonly height: number
  /** Where it can be fetched in other sizes. */
  readonly variants: Readonly<Record<Variant, string>>
}

/** How far the work on a film or a recording has come. */
export interface Processing {
  /** `unavailable`: this machine lacks what it takes, and the original is played. */
  readonly state: 'waiting' | 'working' | 'ready' | 'failed' | 'cancelled' | 'unavailable'
  /** 0 to 1. */
  readonly progress: number
  /** What went wrong or is missing, in a sentence. */
  readonly reason: string | null
}

/** Sound that belongs to a row, made ready for streaming after it has come. */
export interface StoredAudio extends StoredFile {
  readonly processing: Processing
  /** Seconds; null until it was looked at. */
  readonly duration: number | null
  /** Where its HLS playlist is fetched, once it can be played from there. */
  readonly stream: string | null
}

/** A film that belongs to a row, made ready for streaming after it has come. */
export interface StoredVideo extends StoredAudio {
  /** Pixels, as it is shown; null until it was looked at. */
  readonly width: number | null
  readonly height: number | null
  /** Where a picture out of it is fetched, once there is one. */
  readonly poster: string | null
  readonly captions: readonly { readonly language: string; readonly label: string; readonly url: string }[]
}

/** What is live in a row, or was until a moment ago. */
export interface LiveStream {
  readonly id: string
  readonly state: 'live' | 'ended'
  /** When it began, as ISO 8601 writes it. */
  readonly since: string
  /** Where its HLS playlist is fetched. */
  readonly stream: string
}

/** A file that was uploaded before the request that gives it to a row: the answer of the client's `upload`. */
export interface Uploaded {
  readonly upload: string
}

/** A size of a picture. */
export interface VariantFacts {
  /** Pixels; the other side follows when one is not given. */
  readonly width?: number
  readonly height?: number
  /** With both sides: `cover` cuts what is over, `inside` makes it smaller than one of them. `cover` unless told. */
  readonly fit?: 'cover' | 'inside'
  /** `auto`, the best that the browser takes, unless told. */
  readonly format?: 'auto' | 'avif' | 'webp' | 'jpeg' | 'png'
  /** 1 to 100; each format's own unless told. */
  readonly quality?: number
}

/** What is made of a file that is more than bytes. */
export type MediaFacts =
  | { readonly kind: 'image'; readonly variants: Readonly<Record<string, VariantFacts>>; readonly maxPixels: number }
  /** `heights`: of the renditions, in pixels, the highest first. */
  | { readonly kind: 'video'; readonly heights: readonly number[] }
  | { readonly kind: 'audio' }
  /** No file: what an encoder sends. */
  | { readonly kind: 'live' }

export type FieldKind = FieldFacts['kind']

/** What a field is at run time: plain data that validators, columns and documents are made from. */
export type FieldFacts = Common &
  (
    | { readonly kind: 'text'; readonly min: number; readonly max: number; readonly match?: RegExp; readonly trim: boolean }
    | { readonly kind: 'email' | 'url' }
    /** A `version` is counted by the database, nobody writes it. */
    | { readonly kind: 'int' | 'float'; readonly min: number; readonly max: number; readonly version?: true }
    /** Bounds are canonical texts; at most 15 digits in all, `scale` of them after the point. */
    | {
        readonly kind: 'decimal'
        readonly precision: number
        readonly scale: number
        readonly min?: Decimal
        readonly max?: Decimal
      }
    | { readonly kind: 'bool' | 'date' | 'json' }
    /** With `softDelete` it tells when the row was deleted, and nobody writes it. */
    | { readonly kind: 'time'; readonly softDelete?: true }
    | { readonly kind: 'oneOf'; readonly values: readonly string[] }
    | { readonly kind: 'list'; readonly of: FieldFacts; readonly min: number; readonly max: number }
    | { readonly kind: 'file'; readonly accept: readonly string[]; readonly maxSize: number; readonly media?: MediaFacts }
    | { readonly kind: 'id'; readonly of: string }
    | { readonly kind: 'belongsTo'; readonly target: string; readonly onDelete: 'restrict' | 'cascade' | 'null' }
    | { readonly kind: 'hasMany'; readonly target: string; readonly by: string }
    | { readonly kind: 'manyToMany'; readonly target: string; readonly through?: string; readonly by?: string }
  )

interface Common {
  readonly optional: boolean
  readonly private: boolean
  /** To callers it is null where no rule of the policy opens it. */
  readonly guarded?: true
  readonly unique: boolean
  /** Left out of an input it stays out: no default, no complaint. */
  readonly mayBeAbsent?: boolean
  /** What the field was called before, the latest name first; see `was`. */
  readonly was?: readonly string[]
  /** The value of an absent field; `now` in a time field is the moment of the write. */
  readonly default?: unknown
}

export type Reads<F> = { [K in keyof F]: F[K] extends Field<infer Out, any> ? Out : never }

type OptionalKeys<F> = {
  [K in keyof F]: F[K] extends Field<any, infer In> ? (undefined extends In ? K : never) : never
}[keyof F]
type InOf<F> = F extends Field<any, infer In> ? In : never

/** What a sender gives for these fields. */
export type Writes<F> = { [K in Exclude<keyof F, OptionalKeys<F>>]: InOf<F[K]> } & {
  [K in OptionalKeys<F>]?: InOf<F[K]>
}

export type { Decimal, StandardSchemaV1 }
