import type { Pool } from 'pg'
import { type Document, decode, encode } from './bson.ts'
import type { Command } from './command.ts'

/** Tells a violation of a unique index in MongoDB's words: which index, and of which fields. */
export async function describeDuplicate(pool: Pool, { database, target }: Command, engineWords: string): Promise<Document> {
  const namespace = `${database}.${target}`
  const index = await indexNamed(pool, engineWords)
  if (index === undefined) return { errmsg: `E11000 duplicate key error collection: ${namespace}` }
  const errmsg = `E11000 duplicate key error collection: ${namespace} index: ${index}`
  return { errmsg, keyPattern: await keyOf(pool, { database, collection: String(target), index }) }
}

// "Index 'email_1'" where the engine wrote the sentence, "documents_rum_index_7" where PostgreSQL did
async function indexNamed(pool: Pool, words: string): Promise<string | undefined> {
  const name = /Index '([^']+)'/.exec(words)?.[1]
  if (name !== undefined) return name
  const number = /documents_rum_index_(\d+)/.exec(words)?.[1]
  if (number === undefined) return /collection_pk|_id_/.test(words) ? '_id_' : undefined
  const text = 'select (index_spec).index_name as name from documentdb_api_catalog.collection_indexes where index_id = $1'
  const { rows } = await pool.query<{ name: string }>(text, [Number(number)])
  return rows[0]?.name
}

async function keyOf(pool: Pool, of: { database: string; collection: string; index: string }): Promise<unknown> {
  if (of.index === '_id_') return { _id: 1 }
  const { rows } = await pool.query<{ page: Buffer }>(
    'select cursorpage::bytea as page from documentdb_api.list_indexes_cursor_first_page($1, $2::bytea::documentdb_core.bson)',
    [of.database, encode({ listIndexes: of.collection, cursor: { batchSize: 1000 } })],
  )
  const { cursor } = rows[0] === undefined ? {} : decode(rows[0].page)
  return batchOf(cursor).find(({ name }) => name === of.index)?.key
}

function batchOf(cursor: unknown): Document[] {
  const isCursor = typeof cursor === 'object' && cursor !== null && 'firstBatch' in cursor
  return isCursor && Array.isArray(cursor.firstBatch) ? cursor.firstBatch : []
}
