import type { Model } from '../../catalog.ts'
import { dataError } from '../../errors.ts'
import type { Dialect, Sql } from '../sql/dialect.ts'
import { type Operand, sql } from '../sql/kysely.ts'
import type { Session } from './connection.ts'
import { isStillNamed } from './failure.ts'
import type { WordsWrites } from './words.ts'

/**
 * References are checked row by row here, not at COMMIT as the data room needs it: rows that name each other could never
 * be deleted. So such a delete goes unchecked, and before COMMIT it is asked whether a row is left that names one of them.
 * A transaction that came to name one before the delete made it wait, and is seen by then; one that comes later waits.
 */
export class DeferredReferences {
  readonly #dialect: Dialect
  readonly #words: WordsWrites
  readonly #deleted: { readonly model: Model; readonly ids: readonly string[] }[] = []

  constructor(dialect: Dialect, words: WordsWrites) {
    this.#dialect = dialect
    this.#words = words
  }

  /** How many deletes are to be checked. */
  get count(): number {
    return this.#deleted.length
  }

  /** Forgets the deletes beyond so many: they were undone. */
  cut(count: number): void {
    this.#deleted.length = count
  }

  /** Whether there is something to check. */
  get areLeft(): boolean {
    return this.#deleted.length > 0
  }

  async delete(session: Session, model: Model, ids: readonly string[], statement: Sql): Promise<void> {
    try {
      await session.write(statement)
    } catch (error) {
      if (!isStillNamed(error)) throw error
      await session.run('set foreign_key_checks = 0')
      try {
        for (const each of [...this.#words.deleted(model, ids), statement]) await session.write(each)
      } finally {
        await session.run('set foreign_key_checks = 1')
      }
      this.#deleted.push({ model, ids })
    }
  }

  /** @throws TAPRI_DATA_NO_SUCH_ROW */
  async check(session: Session): Promise<void> {
    for (const { model, ids } of this.#deleted) {
      const list = this.#dialect.listed(model.id, ids)
      for (const { model: other, column } of model.referrers) {
        const named = this.#dialect.isIn(sql.id(column.name), column, list)
        const asked = sql`select 1 from ${sql.table(other.name)} where ${named} limit 1 lock in share mode`
        if ((await session.rows(this.#compiled(asked))).length === 0) continue
        const cause = Object.assign(new Error(`"${column.name}" of ${other.name} names a row that was deleted`), { errno: 1451 })
        throw dataError('TAPRI_DATA_NO_SUCH_ROW', 'Cannot commit: a row refers to one that is not there', { cause })
      }
    }
  }

  #compiled(statement: Operand): Sql {
    const { sql, parameters } = statement.compile(this.#dialect.builder)
    return { sql, parameters: parameters.map((value) => (typeof value === 'string' ? value : null)) }
  }
}
