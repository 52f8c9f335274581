import type { Model } from '../../catalog.ts'
import type { Condition } from '../../condition.ts'
import type { Reader, Select } from '../../driver.ts'
import type { StoredRow } from '../../evaluate.ts'
import type { Grouping } from '../../figures.ts'
import type { Sql, SqlRow } from './dialect.ts'
import type { Statements } from './statements.ts'

export type Run = (statement: Sql, signal?: AbortSignal) => Promise<SqlRow[]>

/** Reads over whatever runs statements on a server. */
export class SqlReader implements Reader {
  readonly #run: Run
  readonly #statements: Statements

  constructor(run: Run, statements: Statements) {
    this.#run = run
    this.#statements = statements
  }

  async row(model: Model, id: string, signal?: AbortSignal): Promise<StoredRow | undefined> {
    return this.#first(model, this.#statements.row(model, id), signal)
  }

  async lock(model: Model, id: string): Promise<StoredRow | undefined> {
    return this.#first(model, this.#statements.lock(model, id))
  }

  async select(query: Select, signal?: AbortSignal): Promise<StoredRow[]> {
    return (await this.#run(this.#statements.select(query), signal)).map(this.#statements.decoder(query.columns))
  }

  async count(model: Model, condition: Condition, signal?: AbortSignal): Promise<number> {
    return Number((await this.#run(this.#statements.count(model, condition), signal))[0]?.[0])
  }

  async groups(grouping: Grouping, signal?: AbortSignal): Promise<unknown[][]> {
    return (await this.#run(this.#statements.groups(grouping), signal)).map(this.#statements.groupDecoder(grouping))
  }

  async #first(model: Model, statement: Sql, signal?: AbortSignal): Promise<StoredRow | undefined> {
    const [row] = await this.#run(statement, signal)
    return row === undefined ? undefined : this.#statements.decoder(model.columns)(row)
  }
}
