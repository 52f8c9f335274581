import type { Model } from '../../catalog.ts'
import { type Making, Together } from '../../together.ts'
import type { Sql } from '../sql/dialect.ts'
import type { Statements } from '../sql/statements.ts'
import type { Session } from './connection.ts'
import { asBusy, translateWrite } from './failure.ts'
import { runTogether } from './held.ts'
import { literalText } from './literal.ts'
import { entryAt, nextPositions } from './log.ts'
import type { Server } from './server.ts'
import { sharedTurn } from './session.ts'
import type { WordsWrites } from './words.ts'

interface Parts {
  readonly server: Server
  readonly statements: Statements
  readonly words: WordsWrites
}

const begin: readonly Sql[] = ['start transaction', sharedTurn].map((sql) => ({ sql, parameters: [] }))

/**
 * Rows and entries of several writes in one message, and their COMMIT with them. They rely on nothing that they read, so
 * `read committed` is enough: a serializable transaction has locked what it has read, and they wait for it.
 */
export function togetherOn({ server, ...parts }: Parts): Together {
  return new Together(async (model, makings) => {
    const session = await server.maker()
    try {
      const statements = statementsOf(model, makings, parts)
      // the last positions that were taken, in front of the entries
      const taken = statements.length - makings.length - 1
      const written = await runTogether(session, statements, 'commit')
      return (written[taken]?.given ?? 0) - makings.length + 1
    } catch (cause) {
      await undo(session)
      throw asBusy(translateWrite(cause, model))
    } finally {
      session.release()
    }
  })
}

function statementsOf(model: Model, makings: readonly Making[], { statements, words }: Omit<Parts, 'server'>): readonly Sql[] {
  const rows = makings.flatMap((making) => making.rows)
  const inserts = joined(rows.map((row) => statements.insert(model, row)))
  const searched = rows.flatMap((row) => words.inserted(model, row))
  const entries = makings.map(({ at, changes }, place) => entryAt(makings.length - 1 - place, at, changes))
  return [...begin, ...inserts, ...searched, nextPositions(makings.length), ...entries]
}

/** One statement with all the rows, where their values have a text; all of them are of one model. */
function joined(inserts: readonly Sql[]): readonly Sql[] {
  const [first] = inserts
  if (first === undefined || inserts.length === 1) return inserts
  const texts = inserts.map(literalText)
  // nothing but places and values comes after it
  const values = first.sql.lastIndexOf('(')
  const rows = texts.map((text) => text?.slice(values))
  if (rows.includes(undefined)) return inserts
  return [{ sql: `${first.sql.slice(0, values)}${rows.join(', ')}`, parameters: [] }]
}

/** What was begun must not be gone on with by whoever comes next. */
async function undo(session: Session): Promise<void> {
  try {
    await session.run('rollback')
  } catch {
    session.close()
  }
}
