import { DatabaseError, type Pool } from 'pg'
import { type Document, decode } from './bson.ts'
import type { Command } from './command.ts'
import { describeDuplicate } from './duplicates.ts'
import { CommandError, errorOf, unpackState } from './errors.ts'

/** An error of the engine as MongoDB tells it; what is none of the engine's stays as it is. */
export async function tellError(pool: Pool, command: Command, cause: unknown): Promise<unknown> {
  // 57P01 to 57P03: the engine is being stopped, or starts
  if (!(cause instanceof DatabaseError) || cause.code?.startsWith('57P')) return cause
  const [code, name] = mongoError(cause)
  if (code === 112) return writeConflict(command, cause.message)
  if (code !== 11000) return new CommandError(code, name, cause.message)
  const { errmsg, ...details } = await describeDuplicate(pool, command, cause.message)
  return new CommandError(code, name, String(errmsg), { details })
}

/** The engine tells errors of single writes within an answer that is otherwise good. */
export async function tellWriteErrors(pool: Pool, command: Command, answer: Buffer | Document): Promise<Buffer | Document> {
  if (!Buffer.isBuffer(answer) || !answer.includes('writeErrors')) return answer
  const document = decode(answer)
  if (!Array.isArray(document.writeErrors)) return answer
  const writeErrors = await Promise.all(document.writeErrors.map((error: Document) => tellWriteError(pool, command, error)))
  const conflict = writeErrors.find(({ code }) => code === 112)
  // nothing is written yet, so the whole command can be tried again: by us, or in a transaction by the driver
  if (conflict !== undefined && (document.n === 0 || command.transaction !== undefined)) {
    throw writeConflict(command, String(conflict.errmsg))
  }
  return { ...document, writeErrors }
}

async function tellWriteError(pool: Pool, command: Command, error: Document): Promise<Document> {
  const [code = error.code] = errorOf(unpackState(Number(error.code))) ?? []
  if (code !== 11000) return { ...error, code }
  return { ...error, code, ...(await describeDuplicate(pool, command, String(error.errmsg))) }
}

function writeConflict(command: Command, message: string): CommandError {
  const labels = command.transaction === undefined ? [] : ['TransientTransactionError']
  return new CommandError(112, 'WriteConflict', message, { labels })
}

/** Whether another writer was first, so that trying again helps. */
export function isConflict(cause: unknown): boolean {
  if (cause instanceof CommandError) return cause.code === 112
  return cause instanceof DatabaseError && mongoError(cause)[0] === 112
}

function mongoError(cause: DatabaseError): readonly [code: number, name: string] {
  if (isCreatedTwice(cause)) return [112, 'WriteConflict']
  return errorOf(cause.code ?? '') ?? [8, 'UnknownError']
}

/** Two writers that both create a collection meet in the engine's own tables. */
function isCreatedTwice({ code, schema, message }: DatabaseError): boolean {
  if (message === 'Unable to create the specified collection') return true
  return code === '23505' && schema !== undefined && ['documentdb_api_catalog', 'pg_catalog'].includes(schema)
}
