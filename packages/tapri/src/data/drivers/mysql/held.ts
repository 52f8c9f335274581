import type { Model } from '../../catalog.ts'
import type { Sql, SqlValue } from '../sql/dialect.ts'
import type { Session, Written } from './connection.ts'
import { literalText } from './literal.ts'

const mostHeld = 200
/** Signs of their values together. */
const longestHeld = 30_000

/** How much may be held that goes with what comes next, in one message: writes to one model, or nobody knew whose failed. */
export class HeldBounds {
  #model: Model | undefined
  #count = 0
  #length = 0

  get model(): Model | undefined {
    return this.#model
  }

  /** Whether there is room for it; else those before it must be sent first. */
  admits(model: Model, statement: Sql): boolean {
    const length = this.#length + lengthOf(statement)
    const isFull = this.#count === mostHeld || (length > longestHeld && this.#count > 0)
    if (this.#count > 0 && (model !== this.#model || isFull)) return false
    this.#model = model
    this.#count++
    this.#length = length
    return true
  }

  clear(): void {
    this.#model = undefined
    this.#count = 0
    this.#length = 0
  }
}

/** Runs statements in one message where their values have a text, then what else is said. After one that fails there are no
 * more of them. */
export async function runTogether(session: Session, statements: readonly Sql[], end?: 'commit'): Promise<readonly Written[]> {
  const [first] = statements
  const isAlone = statements.length === 1 && end === undefined
  if (first !== undefined && isAlone && first.parameters.length > 0) return [await session.write(first)]
  const texts = statements.map(literalText)
  if (!texts.includes(undefined)) return session.run([...texts, ...(end === undefined ? [] : [end])].join('; '))
  const written: Written[] = []
  for (const statement of statements) {
    // what begins a transaction cannot be prepared
    if (statement.parameters.length === 0) written.push(...(await session.run(statement.sql)))
    else written.push(await session.write(statement))
  }
  if (end !== undefined) await session.run(end)
  return written
}

function lengthOf({ parameters }: Sql): number {
  return parameters.reduce((sum: number, value: SqlValue) => sum + (typeof value === 'string' ? value.length : 1), 0)
}
