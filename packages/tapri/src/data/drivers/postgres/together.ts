import type { Column, Model } from '../../catalog.ts'
import { columnType } from '../../migration/wanted.ts'
import { type Making, Together } from '../../together.ts'
import { storedWords } from '../../words.ts'
import type { Sql, SqlValue } from '../sql/dialect.ts'
import { type Operand, sql } from '../sql/kysely.ts'
import { codec } from './codec.ts'
import { dialect } from './dialect.ts'
import { translateWrite } from './failure.ts'
import { positionOf } from './log.ts'
import type { Server } from './server.ts'
import { storageOf } from './tables.ts'

const texts = new WeakMap<Model, string>()

/** Rows and entries of several writes in one statement that commits itself. */
export function togetherOn(server: Server): Together {
  return new Together(async (model, makings) => {
    try {
      const [row] = await server.make(statementOf(model, makings))
      return Number(row?.[0])
    } catch (cause) {
      throw translateWrite(cause, model)
    }
  })
}

function statementOf(model: Model, makings: readonly Making[]): Sql {
  const rows = makings.flatMap((making) => making.rows)
  const columns = model.columns.map((column) => rows.map((row) => plain(codec.encode(column, row[column.name]))))
  const words = model.search.map(({ field, words: column }) =>
    rows.map((row) => plain(codec.encode(column, storedWords(row[field.name])))),
  )
  const entries = [makings.map(({ at }) => at), makings.map(({ changes }) => changes)]
  return { sql: textOf(model), parameters: [...entries, ...columns, ...words] }
}

/** The same text however many rows there are: their values are lists, one for each column. */
function textOf(model: Model): string {
  const known = texts.get(model)
  if (known !== undefined) return known
  const columns = [...model.columns, ...model.search.map(({ words }) => words)]
  const names = sql.join(columns.map(({ name }) => sql.id(name)))
  const lists = sql.join(columns.map(listOf))
  // the turn first, in every plan: whoever writes alone has it before the tables
  const text = sql`with turn as (select nothing from tapri_turn for share), entries as (
    insert into tapri_changes (position, at, changes) select ${sql.raw(positionOf)} + place - 1, at, changes
    from unnest(${[]}::bigint[], ${[]}::text[]) with ordinality as entry (at, changes, place)), made as (
    insert into ${sql.table(model.name)} (${names}) select * from unnest(${lists}))
    select ${sql.raw(positionOf)} from (select 1) as one left join turn on true`.compile(dialect.builder).sql
  texts.set(model, text)
  return text
}

function listOf(column: Column): Operand {
  const type = columnType(column)
  return sql`${[]}::${sql.raw(type === 'text' ? 'text' : storageOf[type])}[]`
}

// What the codec gives is a text, number or truth.
function plain(value: SqlValue): string | number | boolean | null {
  return value as string | number | boolean | null
}
