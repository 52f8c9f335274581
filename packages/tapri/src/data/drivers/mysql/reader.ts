import type { Reader } from '../../driver.ts'
import { type Run, SqlReader } from '../sql/reader.ts'
import type { Statements } from '../sql/statements.ts'

/** Reads over whatever runs statements; `raw` is how the app's own are run there. */
export class MysqlReader extends SqlReader {
  readonly raw: NonNullable<Reader['raw']>

  constructor(run: Run, statements: Statements, raw: NonNullable<Reader['raw']>) {
    super(run, statements)
    this.raw = raw
  }
}
