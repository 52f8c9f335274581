import type { Column, Model } from '../../catalog.ts'
import type { Condition } from '../../condition.ts'
import type { Select } from '../../driver.ts'
import { dataError } from '../../errors.ts'
import type { StoredRow } from '../../evaluate.ts'
import { encode, rowDecoder } from './codec.ts'
import type { Sql, SqlRow, SqlValue } from './connection.ts'
import { builder, compiled, sql } from './kysely.ts'
import { fragment, shapeOf } from './shape.ts'

type Decoder = (row: SqlRow) => StoredRow
const keptShapes = 2000

/** Compiles each query shape once; a query of a known shape costs a walk over its condition. */
export class Statements {
  readonly #texts = new Map<string, string>()
  readonly #decoders = new WeakMap<readonly Column[], Decoder>()

  select(query: Select): Sql {
    const { model, columns, condition, order, limit, offset } = query
    const parameters: SqlValue[] = []
    // the open columns are fewer than all of them, or the same
    let shape = `select ${model.name} ${columns.length} ${shapeOf(condition, parameters)}`
    for (const { column, down } of order) shape += down ? ` -${column.name}` : ` ${column.name}`
    parameters.push(limit, offset)
    return this.#known(shape, parameters, () => {
      let select = builder.selectFrom(`${model.name} as r`).select(columns.map((column) => `r.${column.name}`))
      if (condition.kind !== 'always') select = select.where(fragment(condition, 'r'))
      for (const { column, down } of order) select = select.orderBy(`r.${column.name}`, down ? 'desc' : 'asc')
      return compiled(select.limit(limit).offset(offset))
    })
  }

  count(model: Model, condition: Condition): Sql {
    const parameters: SqlValue[] = []
    const shape = `count ${model.name} ${shapeOf(condition, parameters)}`
    return this.#known(shape, parameters, () =>
      compiled(builder.selectFrom(`${model.name} as r`).select(sql`count(*)`.as('count')).where(fragment(condition, 'r'))),
    )
  }

  row(model: Model): string {
    const query = builder
      .selectFrom(model.name)
      .select(model.columns.map((column) => column.name))
      .where('id', '=', '')
    return compiled(query).sql
  }

  insert(model: Model, row: StoredRow): Sql {
    const parameters = model.columns.map((column) => encode(column, row[column.name]))
    return this.#known(`insert ${model.name}`, parameters, () => {
      const values = model.columns.map((column, index) => [column.name, parameters[index]])
      return compiled(builder.insertInto(model.name).values(Object.fromEntries(values)))
    })
  }

  update(model: Model, id: string, values: Readonly<Record<string, unknown>>): Sql {
    const columns = model.columns.filter((column) => column.name in values)
    const parameters = columns.map((column) => encode(column, values[column.name]))
    const shape = `update ${model.name} ${columns.map((column) => column.name).join(' ')}`
    return this.#known(shape, [...parameters, id], () => {
      const set = Object.fromEntries(columns.map((column, index) => [column.name, parameters[index]]))
      return compiled(builder.updateTable(model.name).set(set).where('id', '=', id))
    })
  }

  delete(model: Model, ids: readonly string[]): Sql {
    const list = JSON.stringify(ids)
    return this.#known(`delete ${model.name}`, [list], () =>
      compiled(builder.deleteFrom(model.name).where(sql<boolean>`id in (select value from json_each(${list}))`)),
    )
  }

  decoder(columns: readonly Column[]): Decoder {
    const known = this.#decoders.get(columns)
    if (known !== undefined) return known
    const decoder = rowDecoder(columns)
    this.#decoders.set(columns, decoder)
    return decoder
  }

  #known(shape: string, parameters: readonly SqlValue[], compile: () => Sql): Sql {
    const known = this.#texts.get(shape)
    if (known !== undefined) return { sql: known, parameters }
    const made = compile()
    // the next query of this shape brings its own values: they must be in the places of these
    if (made.parameters.length !== parameters.length || made.parameters.some((value, at) => value !== parameters[at])) {
      throw dataError('TAPRI_DATA_QUERY', `Cannot compile "${shape}": its values are out of order`, { status: 500 })
    }
    if (this.#texts.size >= keptShapes) this.#texts.clear()
    this.#texts.set(shape, made.sql)
    return made
  }
}
