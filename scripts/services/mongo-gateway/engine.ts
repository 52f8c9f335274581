// Each command as a call of the engine's own SQL functions. https://github.com/documentdb/documentdb
import type { PoolClient } from 'pg'
import type { Document } from './bson.ts'
import { noteOf } from './changes/notes.ts'
import { note } from './changes/replication.ts'
import type { Command } from './command.ts'
import { CommandError } from './errors.ts'

/** What the engine answered: a document, encoded or not, and what is needed to go on with a cursor. */
export interface Answer {
  readonly document: Buffer | Document
  readonly cursor?: { readonly id: string; readonly continuation: Buffer; readonly isBound: boolean }
}

type Call = (client: PoolClient, command: Command) => Promise<Answer>

const calls: Readonly<Record<string, Call>> = {
  insert: (client, command) => write(client, command, 'insert'),
  update: (client, command) => write(client, command, 'update'),
  delete: (client, command) => write(client, command, 'delete'),
  findAndModify: (client, command) => write(client, command, 'find_and_modify'),
  find: (client, command) => firstPage(client, command, 'find'),
  aggregate: (client, command) => firstPage(client, command, 'aggregate'),
  listCollections: (client, command) => firstPage(client, command, 'list_collections'),
  listIndexes: (client, command) => firstPage(client, command, 'list_indexes'),
  count: (client, command) => one(client, `count_query($1, ${body}) as answer`, [command.database, command.body]),
  distinct: (client, command) => one(client, `distinct_query($1, ${body}) as answer`, [command.database, command.body]),
  create: (client, command) => one(client, `create_collection_view($1, ${body}) as answer`, [command.database, command.body]),
  collMod: (client, { database, target, body: spec }) =>
    one(client, `coll_mod($1, $3, ${body}) as answer`, [database, spec, target]),
  drop,
  renameCollection,
  dropDatabase,
  createIndexes,
  dropIndexes,
  listDatabases: (client, { body: spec }) => one(client, `list_databases($1::bytea::documentdb_core.bson) as answer`, [spec]),
  dbStats: (client, { database }) => one(client, 'db_stats($1, 1, false) as answer', [database]),
  collStats: (client, { database, target }) => one(client, 'coll_stats($1, $2, 1) as answer', [database, target]),
}

const body = '$2::bytea::documentdb_core.bson'

/** Runs a command on a connection. */
export function callEngine(client: PoolClient, command: Command): Promise<Answer> {
  // the driver may call it by either name
  const call = calls[command.name === 'findandmodify' ? 'findAndModify' : command.name]
  if (call === undefined) throw new CommandError(59, 'CommandNotFound', `no such command: '${command.name}'`)
  return call(client, command)
}

/** The next page of a cursor. */
export async function nextPage(client: PoolClient, { database, body: spec }: Command, continuation: Buffer): Promise<Answer> {
  const rows = await query(
    client,
    `select cursorpage::bytea as answer, continuation::bytea from documentdb_api.cursor_get_more($1, ${body}, $3::bytea::documentdb_core.bson)`,
    [database, spec, continuation],
  )
  return { document: bytesOf(rows[0]?.answer), cursor: cursorOf({ ...rows[0], cursorid: '-' }) }
}

async function write(client: PoolClient, command: Command, name: string): Promise<Answer> {
  const { database, body: spec } = command
  const noted = command.isNoted === true ? noteOf(command) : undefined
  const answer = `p_result::bytea as answer${noted === undefined ? '' : `, ${noted}`}`
  const rows = await query(client, `select ${answer} from documentdb_api.${name}($1, ${body})`, [database, spec])
  return { document: bytesOf(rows[0]?.answer) }
}

async function firstPage(client: PoolClient, { database, body: spec }: Command, name: string): Promise<Answer> {
  const rows = await query(
    client,
    `select cursorpage::bytea as answer, continuation::bytea, persistconnection, cursorid::text from documentdb_api.${name}_cursor_first_page($1, ${body})`,
    [database, spec],
  )
  return { document: bytesOf(rows[0]?.answer), cursor: cursorOf(rows[0]) }
}

async function one(client: PoolClient, call: string, values: readonly unknown[]): Promise<Answer> {
  const rows = await query(client, `select answer::bytea from (select documentdb_api.${call}) as called`, values)
  return { document: bytesOf(rows[0]?.answer) }
}

async function drop(client: PoolClient, { database, target }: Command): Promise<Answer> {
  const rows = await query(client, 'select documentdb_api.drop_collection($1, $2) as dropped', [database, target])
  if (rows[0]?.dropped !== true) throw new CommandError(26, 'NamespaceNotFound', 'ns not found')
  return { document: { ns: `${database}.${target}`, ok: 1 } }
}

async function renameCollection(client: PoolClient, { target, settings }: Command): Promise<Answer> {
  const [from = '', to = ''] = [String(target), String(settings.to)]
  const values = [from.slice(0, from.indexOf('.')), from.slice(from.indexOf('.') + 1), to.slice(to.indexOf('.') + 1)]
  await query(client, 'select documentdb_api.rename_collection($1, $2, $3, $4)', [...values, settings.dropTarget === true])
  return { document: { ok: 1 } }
}

async function dropDatabase(client: PoolClient, { database }: Command): Promise<Answer> {
  await query(client, `select documentdb_api.drop_database($1), ${note({ dropped: database })}`, [database])
  return { document: { dropped: database, ok: 1 } }
}

// the call that the engine means for this answers before a unique index is there
async function createIndexes(client: PoolClient, { database, body: spec }: Command): Promise<Answer> {
  await query(client, `select documentdb_api_internal.create_indexes_non_concurrently($1, ${body}, true)`, [database, spec])
  return { document: { ok: 1 } }
}

async function dropIndexes(client: PoolClient, { database, body: spec }: Command): Promise<Answer> {
  await query(client, `call documentdb_api.drop_indexes($1, ${body}, null)`, [database, spec])
  return { document: { ok: 1 } }
}

type Row = Readonly<Record<string, unknown>>

async function query(client: PoolClient, text: string, values: readonly unknown[]): Promise<readonly Row[]> {
  const { rows } = await client.query<Row>(text, [...values])
  return rows
}

function cursorOf(row: Row | undefined): Answer['cursor'] {
  if (row === undefined || !Buffer.isBuffer(row.continuation) || row.cursorid === '0') return undefined
  return { id: String(row.cursorid), continuation: row.continuation, isBound: row.persistconnection === true }
}

function bytesOf(value: unknown): Buffer {
  if (!Buffer.isBuffer(value)) throw new CommandError(1, 'InternalError', 'The engine gave no answer')
  return value
}
