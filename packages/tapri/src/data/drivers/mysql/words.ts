import type { Model } from '../../catalog.ts'
import type { StoredRow } from '../../evaluate.ts'
import type { IndexState } from '../../migration/state.ts'
import { wordsIndexName } from '../../migration/wanted.ts'
import { keptWords, longestWord } from '../../words.ts'
import type { Sql, WordsDialect } from '../sql/dialect.ts'
import { type Builder, type Operand, sql } from '../sql/kysely.ts'
import { isTelling } from '../sql/words.ts'
import type { Flavour } from './flavour.ts'
import { longestId } from './tables.ts'

/** What a table of words says of itself before its columns, as soon as it has the words of all rows. */
const comment = 'tapri words '

/** No letter comes after it. */
const last = '\u{10ffff}'

/**
 * An index of words is a table of them. The server's own full-text index leaves out short words and words like "about", and
 * finds nothing that its own transaction has written. The longest word is asked for, and the others are looked for in its
 * rows: to join the rows of several costs more.
 */
export const words: WordsDialect = {
  asked(each) {
    const [longest] = each.filter(isTelling).sort((one, other) => other.length - one.length)
    return longest === undefined ? [] : [longest]
  },
  values: (each) => each.flatMap((word) => [word, word + last]),
  test(alias, [from, to], { model }) {
    const rows = sql`select id from ${sql.table(wordsIndexName(model))} where word >= ${from} and word < ${to}`
    return sql<boolean>`${sql.ref(`${alias}.id`)} in (${rows})`
  },
}

/** The statements that make an index of words for the rows that are there. One that was not ended is made anew. */
export function createWords(table: string, index: IndexState, flavour: Flavour): Operand[] {
  const text = (length: number) => sql.raw(`varchar(${length}) character set utf8mb4 collate ${flavour.collation} not null`)
  const key = sql`primary key (word, id), key (id), foreign key (id) references ${sql.table(table)} (id) on delete cascade`
  return [
    dropWords(index),
    sql`create table ${sql.table(index.name)} (word ${text(longestWord)}, id ${text(longestId)}, ${key}) engine = InnoDB`,
    fill(index.name, table, index.columns, flavour),
    markWords(index),
  ]
}

export function dropWords({ name }: IndexState): Operand {
  return sql`drop table if exists ${sql.table(name)}`
}

/** Notes the columns whose words are there. */
export function markWords({ name, columns }: IndexState): Operand {
  return sql`alter table ${sql.table(name)} comment = ${sql.lit(comment + columns.join())}`
}

/** The columns of an index of words, from what its table says of itself; undefined for any other table. */
export function markedColumns(told: string): string[] | undefined {
  return told.startsWith(comment) ? told.slice(comment.length).split(',') : undefined
}

/** The statements that go with what is written to a searched model. */
export class WordsWrites {
  readonly #builder: Builder
  readonly #flavour: Flavour
  readonly #texts = new WeakMap<Model, Texts>()

  constructor(builder: Builder, flavour: Flavour) {
    this.#builder = builder
    this.#flavour = flavour
  }

  inserted(model: Model, row: StoredRow): readonly Sql[] {
    const words = new Set(model.search.flatMap(({ field }) => keptWords(row[field.name])))
    return words.size === 0 ? [] : [{ sql: this.#textsOf(model).insert, parameters: [row.id, JSON.stringify([...words])] }]
  }

  /** The other fields of the row have words too, so they are taken from its columns. */
  updated(model: Model, id: string, values: Readonly<Record<string, unknown>>): readonly Sql[] {
    if (!model.search.some(({ field }) => field.name in values)) return []
    const { remove, renew } = this.#textsOf(model)
    return [remove, renew].map((text) => ({ sql: text, parameters: [id] }))
  }

  /** For rows whose deletion goes unchecked, and so without what hangs on it. */
  deleted(model: Model, ids: readonly string[]): readonly Sql[] {
    return model.search.length === 0 ? [] : ids.map((id) => ({ sql: this.#textsOf(model).remove, parameters: [id] }))
  }

  #textsOf(model: Model): Texts {
    const known = this.#texts.get(model)
    if (known !== undefined) return known
    const index = wordsIndexName(model)
    const columns = model.search.map(({ words: { name } }) => name)
    const compiled = (statement: Operand) => statement.compile(this.#builder).sql
    const place = sql`${''}`
    const texts = {
      insert: compiled(
        sql`insert into ${sql.table(index)} (word, id) select w.word, ${place} from ${listed(place, this.#flavour)}`,
      ),
      remove: compiled(sql`delete from ${sql.table(index)} where id = ${place}`),
      renew: compiled(sql`${fill(index, model.name, columns, this.#flavour)} and r.id = ${place}`),
    }
    this.#texts.set(model, texts)
    return texts
  }
}

interface Texts {
  readonly insert: string
  readonly remove: string
  readonly renew: string
}

/** Puts the words of rows into their table; they are letters and digits, so that quotes make JSON of them. */
function fill(index: string, table: string, columns: readonly string[], flavour: Flavour): Operand {
  const texts = sql.join(columns.map((column) => sql`coalesce(trim(r.${sql.id(column)}), '')`))
  const list = sql`concat('["', replace(concat_ws(' ', ${texts}), ' ', '","'), '"]')`
  const words = listed(list, flavour)
  return sql`insert into ${sql.table(index)} (word, id) select distinct w.word, r.id from ${sql.table(table)} as r, ${words} where w.word <> ''`
}

/** A list in JSON as rows. */
function listed(list: Operand, { collation }: Flavour): Operand {
  const item = sql.raw(`varchar(${longestWord}) character set utf8mb4 collate ${collation} path '$'`)
  return sql`json_table(${list}, '$[*]' columns (word ${item})) as w`
}
