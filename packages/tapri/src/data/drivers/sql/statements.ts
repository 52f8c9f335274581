import type { Column, Model } from '../../catalog.ts'
import type { Condition } from '../../condition.ts'
import type { Order, Select } from '../../driver.ts'
import { dataError } from '../../errors.ts'
import type { StoredRow } from '../../evaluate.ts'
import type { Grouping } from '../../figures.ts'
import { storedWords } from '../../words.ts'
import type { Dialect, Sql, SqlRow, SqlValue } from './dialect.ts'
import { fragment, rankFragment, readFragment } from './fragment.ts'
import { groupDecoder, groupsQuery, groupsShape } from './groups.ts'
import { type Operand, sql } from './kysely.ts'
import { rowDecoder } from './row.ts'
import { rankShape, shapeOf } from './shape.ts'

type Decoder = (row: SqlRow) => StoredRow
interface Compilable {
  compile(): { readonly sql: string; readonly parameters: readonly unknown[] }
}
const keptShapes = 2000

/** Compiles each query shape once; a query of a known shape costs a walk over its condition. */
export class Statements {
  readonly #dialect: Dialect
  readonly #texts = new Map<string, string>()
  readonly #keys = new WeakMap<readonly Column[], string>()
  readonly #decoders = new WeakMap<readonly Column[], Decoder>()

  constructor(dialect: Dialect) {
    this.#dialect = dialect
  }

  select(query: Select): Sql {
    const { model, columns, condition, order, limit, offset, each } = query
    const parameters: SqlValue[] = []
    let shape = `select ${model.name} ${this.#keyOf(columns)}`
    if (each !== undefined) shape += ` each ${each.column.name}${this.#orderShape(order, parameters)}`
    shape += ` ${shapeOf(this.#dialect, condition, parameters)}`
    if (each !== undefined) parameters.push(each.limit)
    if (query.rank !== undefined) {
      shape += ` by ${rankShape(this.#dialect, query.rank, parameters)}`
    }
    shape += this.#orderShape(order, parameters)
    const isLocked = query.lock === true && this.#dialect.locksRows === true
    if (isLocked) shape += ' lock'
    parameters.push(limit, offset)
    return this.#known(shape, parameters, () => {
      const { builder } = this.#dialect
      const rows = each === undefined ? builder.selectFrom(`${model.name} as r`) : builder.selectFrom(this.#placed(query).as('r'))
      let select = rows.select(columns.map((column) => `r.${column.name}`))
      if (each !== undefined) select = select.where('r.tapri_place', '<=', each.limit)
      else if (condition.kind !== 'always' || this.#dialect.watch !== undefined) {
        select = select.where(readFragment(this.#dialect, condition))
      }
      if (query.rank !== undefined) select = select.orderBy(sql`${rankFragment(this.#dialect, query.rank, 'r')} desc`)
      if (order.length > 0) select = select.orderBy(this.#sorted(order))
      select = select.limit(limit).offset(offset)
      return isLocked ? select.forUpdate() : select
    })
  }

  count(model: Model, condition: Condition): Sql {
    const parameters: SqlValue[] = []
    const shape = `count ${model.name} ${shapeOf(this.#dialect, condition, parameters)}`
    return this.#known(shape, parameters, () => {
      const counted = this.#dialect.builder.selectFrom(`${model.name} as r`).select(sql`count(*)`.as('count'))
      return counted.where(readFragment(this.#dialect, condition))
    })
  }

  groups(grouping: Grouping): Sql {
    const { shape, parameters } = groupsShape(this.#dialect, grouping)
    return this.#known(shape, parameters, () => groupsQuery(this.#dialect, grouping))
  }

  /** Reads the rows of `groups`. */
  groupDecoder(grouping: Grouping): (row: SqlRow) => unknown[] {
    return groupDecoder(this.#dialect, grouping)
  }

  /** One row by its id, all columns. */
  row(model: Model, id: string): Sql {
    return this.#known(`row ${model.name}`, [id], () => this.#rowOf(model, id))
  }

  /** One row by its id, kept from every other transaction; for databases that lock rows. */
  lock(model: Model, id: string): Sql {
    return this.#known(`lock ${model.name}`, [id], () => this.#rowOf(model, id).forUpdate())
  }

  insert(model: Model, row: StoredRow): Sql {
    const values = this.#storedValues(model, row)
    const parameters = values.map(([, value]) => value)
    return this.#known(`insert ${model.name}`, parameters, () =>
      this.#dialect.builder.insertInto(model.name).values(Object.fromEntries(values)),
    )
  }

  update(model: Model, id: string, changed: Readonly<Record<string, unknown>>): Sql {
    const values = this.#storedValues(model, changed)
    const parameters = values.map(([, value]) => value)
    const shape = `update ${model.name} ${values.map(([name]) => name).join(' ')}`
    return this.#known(shape, [...parameters, id], () =>
      this.#dialect.builder.updateTable(model.name).set(Object.fromEntries(values)).where('id', '=', id),
    )
  }

  delete(model: Model, ids: readonly string[]): Sql {
    const list = this.#dialect.listed(model.id, ids)
    return this.#known(`delete ${model.name} ${list.length}`, list, () =>
      this.#dialect.builder.deleteFrom(model.name).where(this.#dialect.isIn(sql.ref('id'), model.id, list)),
    )
  }

  decoder(columns: readonly Column[]): Decoder {
    const known = this.#decoders.get(columns)
    if (known !== undefined) return known
    const decoder = rowDecoder(this.#dialect.codec, columns)
    this.#decoders.set(columns, decoder)
    return decoder
  }

  /** The text of a raw statement without values. */
  text(statement: Operand): string {
    return statement.compile(this.#dialect.builder).sql
  }

  /** What is written for these values: each by its column, and the words of those that are searched. */
  #storedValues(model: Model, values: Readonly<Record<string, unknown>>): [string, SqlValue][] {
    const { codec } = this.#dialect
    const stored: [string, SqlValue][] = []
    for (const column of model.columns) {
      if (column.name in values) stored.push([column.name, codec.encode(column, values[column.name])])
    }
    for (const { field, words } of model.search) {
      if (field.name in values) stored.push([words.name, codec.encode(words, storedWords(values[field.name]))])
    }
    return stored
  }

  /** The rows with their place among those that have the same value in the column. */
  #placed({ model, condition, order, each }: Select) {
    const owner = sql.ref(`r.${each?.column.name ?? 'id'}`)
    const place = sql`row_number() over (partition by ${owner} order by ${this.#sorted(order)})`
    const rows = this.#dialect.builder.selectFrom(`${model.name} as r`).selectAll('r').select(place.as('tapri_place'))
    return rows.where(readFragment(this.#dialect, condition))
  }

  #orderShape(order: readonly Order[], parameters: SqlValue[]): string {
    let shape = ''
    for (const { column, down, open } of order) {
      shape += down ? ` -${column.name}` : ` ${column.name}`
      if (open !== undefined) shape += `?${shapeOf(this.#dialect, open, parameters)}`
    }
    return shape
  }

  #sorted(order: readonly Order[]): Operand {
    return sql.join(
      order.map(({ column, down, open }) => {
        const operand = sql.ref(`r.${column.name}`)
        if (open === undefined) return this.#dialect.sorted(operand, down, column.nullable)
        // null to whoever asks, where the rule does not open it
        return this.#dialect.sorted(sql`case when ${fragment(this.#dialect, open, 'r')} then ${operand} end`, down, true)
      }),
    )
  }

  #keyOf(columns: readonly Column[]): string {
    let key = this.#keys.get(columns)
    if (key === undefined) {
      key = columns.map(({ name }) => name).join()
      this.#keys.set(columns, key)
    }
    return key
  }

  #rowOf(model: Model, id: string) {
    const columns = model.columns.map((column) => column.name)
    return this.#dialect.builder.selectFrom(model.name).select(columns).where('id', '=', id)
  }

  #known(shape: string, parameters: readonly SqlValue[], compile: () => Compilable): Sql {
    const known = this.#texts.get(shape)
    if (known !== undefined) return { sql: known, parameters }
    const made = compile().compile()
    // the next query of this shape brings its own values: they must be in the places of these
    if (made.parameters.length !== parameters.length || made.parameters.some((value, at) => !isSame(value, parameters[at]))) {
      throw dataError('TAPRI_DATA_QUERY', `Cannot compile "${shape}": its values are out of order`, { status: 500 })
    }
    if (this.#texts.size >= keptShapes) this.#texts.clear()
    this.#texts.set(shape, made.sql)
    return { sql: made.sql, parameters }
  }
}

/** A list is encoded once for the shape and once for the text. */
function isSame(one: unknown, other: SqlValue | undefined): boolean {
  if (!Array.isArray(one) || !Array.isArray(other)) return Object.is(one, other)
  return one.length === other.length && one.every((item, at) => Object.is(item, other[at]))
}
