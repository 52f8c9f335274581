import type { WordsDialect } from '../sql/dialect.ts'
import { type Operand, sql } from '../sql/kysely.ts'
import { isTelling } from '../sql/words.ts'

/** What an index of these columns of words is made over. */
export function overWords(columns: readonly Operand[]): Operand {
  return sql`using gin (${sql.join(columns.map(wordsOf))})`
}

/** The words of a column as GIN takes them: as they are, by no dictionary. The planner knows the index by this text. */
function wordsOf(column: Operand): Operand {
  return sql`array_to_tsvector(string_to_array(btrim(${column}), ' '))`
}

/**
 * Every word that is not in most rows anyhow is asked of the index, which the planner joins as it sees fit. A scan for the
 * others costs less than taking the words of each row apart.
 */
export const words: WordsDialect = {
  asked: (each) => each.filter(isTelling),
  // words are letters and digits alone
  values: (each, { fields }) => each.flatMap((word) => fields.map(() => `'${word}':*`)),
  test(alias, values, { fields }) {
    const tests = values.map((value, at) => {
      const column = fields[at % fields.length]?.words.name ?? ''
      return sql`${wordsOf(sql.ref(`${alias}.${column}`))} @@ ${value}::tsquery`
    })
    const each = Array.from(
      { length: tests.length / fields.length },
      (_, at) => sql`(${sql.join(tests.slice(at * fields.length, (at + 1) * fields.length), sql` or `)})`,
    )
    return sql<boolean>`${sql.join(each, sql` and `)}`
  },
}
