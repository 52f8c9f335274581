import type { Model } from '../../catalog.ts'
import type { Condition } from '../../condition.ts'
import type { Reader, Select } from '../../driver.ts'
import type { StoredRow } from '../../evaluate.ts'
import type { Grouping } from '../../figures.ts'
import type { Sql, SqlRow } from '../sql/dialect.ts'
import type { Statements } from '../sql/statements.ts'

type Run = (statement: Sql) => Promise<SqlRow[]>

/** Reads over whatever runs statements. */
export class MysqlReader implements Reader {
  readonly #run: Run
  readonly #statements: Statements
  readonly raw: NonNullable<Reader['raw']>

  constructor(run: Run, statements: Statements, raw: NonNullable<Reader['raw']>) {
    this.#run = run
    this.#statements = statements
    this.raw = raw
  }

  async row(model: Model, id: string): Promise<StoredRow | undefined> {
    return this.#first(model, this.#statements.row(model, id))
  }

  async lock(model: Model, id: string): Promise<StoredRow | undefined> {
    return this.#first(model, this.#statements.lock(model, id))
  }

  async select(query: Select): Promise<StoredRow[]> {
    return (await this.#run(this.#statements.select(query))).map(this.#statements.decoder(query.columns))
  }

  async count(model: Model, condition: Condition): Promise<number> {
    return Number((await this.#run(this.#statements.count(model, condition)))[0]?.[0])
  }

  async groups(grouping: Grouping): Promise<unknown[][]> {
    return (await this.#run(this.#statements.groups(grouping))).map(this.#statements.groupDecoder(grouping))
  }

  async #first(model: Model, statement: Sql): Promise<StoredRow | undefined> {
    const [row] = await this.#run(statement)
    return row === undefined ? undefined : this.#statements.decoder(model.columns)(row)
  }
}
