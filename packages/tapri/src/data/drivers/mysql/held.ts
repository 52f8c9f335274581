import type { Model } from '../../catalog.ts'
import type { Sql, SqlValue } from '../sql/dialect.ts'
import type { Session, Written } from './connection.ts'
import { literalText } from './literal.ts'

const mostHeld = 200
/** Signs of their values together. */
const longestHeld = 30_000

/** Writes to one model that are not sent yet: they go with what comes next, in one message. */
export class HeldWrites {
  readonly model: Model
  readonly statements: Sql[] = []
  #length = 0

  constructor(model: Model) {
    this.model = model
  }

  /** Whether it is held now; else those before it must be sent first. */
  add(model: Model, statement: Sql): boolean {
    const length = this.#length + lengthOf(statement)
    const isFull = this.statements.length === mostHeld || (length > longestHeld && this.statements.length > 0)
    if (model !== this.model || isFull) return false
    this.#length = length
    this.statements.push(statement)
    return true
  }
}

/** Runs statements in one message where their values have a text, then what else is said. After one that fails there are no
 * more of them. */
export async function runTogether(session: Session, statements: readonly Sql[], end?: 'commit'): Promise<readonly Written[]> {
  const [first] = statements
  if (first !== undefined && statements.length === 1 && end === undefined) return [await session.write(first)]
  const texts = statements.map(literalText)
  if (!texts.includes(undefined)) return session.run([...texts, ...(end === undefined ? [] : [end])].join('; '))
  const written: Written[] = []
  for (const statement of statements) written.push(await session.write(statement))
  if (end !== undefined) await session.run(end)
  return written
}

function lengthOf({ parameters }: Sql): number {
  return parameters.reduce((sum: number, value: SqlValue) => sum + (typeof value === 'string' ? value.length : 1), 0)
}
