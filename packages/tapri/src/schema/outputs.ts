import {
  factsByName,
  type ModelShape,
  type Output,
  type OutputFacts,
  type OutputObject,
  type OutputSchema,
  type OutputValue,
  outputFacts,
  type RowFacts,
  type RowValue,
} from './output.ts'

export interface RowOptions<W, K, All> {
  /** Relations that are loaded in the place of their ids, and what the handler adds to the row. */
  readonly with?: W
  /** Only these fields, and the id. */
  readonly select?: readonly K[]
  /** Its private fields too: for the user's own row. */
  readonly private?: All
}

/**
 * One row of a model, as callers read it.
 * @example visitor.get('/:id', { output: row(videos, { with: { owner: row(users) } }) }, …)
 */
export function row<
  const S extends ModelShape,
  const W extends OutputObject = {},
  const K extends string = string,
  const All extends boolean = false,
>(model: S, options: RowOptions<W, K & keyof S, All> = {}): Output<RowValue<S, W, K, All>> {
  return output(rowFacts(model, options))
}

/**
 * Rows of a model in a list.
 * @example visitor.get('/', { output: rows(videos) }, ({ db }) => db.videos.find())
 */
export function rows<
  const S extends ModelShape,
  const W extends OutputObject = {},
  const K extends string = string,
  const All extends boolean = false,
>(model: S, options: RowOptions<W, K & keyof S, All> = {}): Output<readonly RowValue<S, W, K, All>[]> {
  return output({ kind: 'list', of: rowFacts(model, options) })
}

/**
 * A page of rows, and the cursor of the next: what `db.videos.page` gives.
 * @example visitor.get('/', { output: page(videos) }, ({ db }) => db.videos.page())
 */
export function page<
  const S extends ModelShape,
  const W extends OutputObject = {},
  const K extends string = string,
  const All extends boolean = false,
>(
  model: S,
  options: RowOptions<W, K & keyof S, All> = {},
): Output<{ readonly rows: readonly RowValue<S, W, K, All>[]; readonly next: string | null }> {
  return output({ kind: 'page', of: rowFacts(model, options) })
}

/** A row of the model of that name, for rooms that do not have its declaration. */
export function rowNamed(model: string, options: { readonly private?: boolean } = {}): Output<object> {
  return output(rowFacts(model, options))
}

/**
 * A list of anything but rows and plain values.
 * @example listOf({ day: date(), views: int() })
 */
export function listOf<const O extends OutputSchema>(of: O): Output<readonly OutputValue<O>[]> {
  return output({ kind: 'list', of: outputFacts(of) })
}

/**
 * This, or null.
 * @example nullable(row(users))
 */
export function nullable<const O extends OutputSchema>(of: O): Output<OutputValue<O> | null> {
  return output({ kind: 'nullable', of: outputFacts(of) })
}

/**
 * An answer that is no JSON: a page, a picture, a file, by its media type.
 * @example visitor.get('/', { output: content('text/html') }, ({ reply }) => reply.view('home'))
 */
export function content(type: string): Output<unknown> {
  return output({ kind: 'content', type })
}

/**
 * Server-sent events whose data is this; see `reply.events`.
 * @example visitor.get('/ticks', { output: events({ at: time() }) }, ({ reply }) => reply.events(ticks()))
 */
export function events(of: OutputSchema): Output<unknown> {
  return output({ kind: 'events', of: outputFacts(of) })
}

/**
 * Lines of JSON, each of which is this; see `reply.lines`.
 * @example visitor.get('/export', { output: lines(row(videos)) }, ({ reply }) => reply.lines(all()))
 */
export function lines(of: OutputSchema): Output<unknown> {
  return output({ kind: 'lines', of: outputFacts(of) })
}

/** No answer but that it is done: status 204.
 * @example member.delete('/:id', { output: nothing }, ({ db, params }) => db.videos.delete(params.id)) */
export const nothing: Output<void> = output({ kind: 'nothing' })

function rowFacts(model: ModelShape | string, options: RowOptions<OutputObject, string, boolean>): RowFacts {
  const { with: loaded = {}, select, private: isPrivate = false } = options
  return { kind: 'row', model, with: factsByName(loaded), select, private: isPrivate }
}

// The phantom key `~shown` exists in types only; this is the one place of the file that says so.
function output<O>(facts: OutputFacts): O {
  return { '~output': facts } as O
}
