// Documents as they were: MongoDB's option `changeStreamPreAndPostImages`, which the engine does not know. Its table then tells
// whole old rows to whoever reads PostgreSQL's log.
import type { PoolClient } from 'pg'
import { decode, encode } from '../bson.ts'
import type { Command } from '../command.ts'
import { arrayElement, contentOf, documentElement, documentOf, type Element, elementsOf } from '../document.ts'
import { type Answer, callEngine } from '../engine.ts'
import { CommandError } from '../errors.ts'

const option = 'changeStreamPreAndPostImages'

/** Runs `create`, `collMod` and `listCollections` with the option; other commands as they are. */
export async function callWithImages(client: PoolClient, command: Command): Promise<Answer> {
  if (command.name === 'listCollections') return tellImages(client, command, await callEngine(client, command))
  const asked = command.name === 'create' || command.name === 'collMod' ? readOption(command) : undefined
  if (asked === undefined) return callEngine(client, command)
  const body = documentOf(elementsOf(command.body).filter(({ name }) => name !== option))
  const isAlone = command.name === 'collMod' && elementsOf(body).length === 1
  const answer = isAlone ? { document: { ok: 1 } } : await callEngine(client, { ...command, body })
  await keepImages(client, command, asked)
  return answer
}

function readOption({ body }: Command): boolean | undefined {
  const given = elementsOf(body).find(({ name }) => name === option)
  return given === undefined ? undefined : decode(contentOf(given)).enabled === true
}

async function keepImages(client: PoolClient, { database, target }: Command, isKept: boolean): Promise<void> {
  const text =
    'select collection_id::text as id from documentdb_api_catalog.collections where database_name = $1 and collection_name = $2'
  const { rows } = await client.query<{ id: string }>(text, [database, target])
  if (rows[0] === undefined) throw new CommandError(26, 'NamespaceNotFound', `ns does not exist: ${database}.${target}`)
  await client.query(`alter table documentdb_data.documents_${rows[0].id} replica identity ${isKept ? 'full' : 'default'}`)
}

async function tellImages(client: PoolClient, { database }: Command, answer: Answer): Promise<Answer> {
  const text = `select collection_name as name from documentdb_api_catalog.collections
    join pg_class on pg_class.oid = to_regclass('documentdb_data.documents_' || collection_id)
    where database_name = $1 and relreplident = 'f'`
  const { rows } = await client.query<{ name: string }>(text, [database])
  const kept = new Set(rows.map(({ name }) => name))
  if (kept.size === 0 || !Buffer.isBuffer(answer.document)) return answer
  const document = withField(answer.document, 'cursor', (cursor) =>
    withField(cursor, 'firstBatch', (batch) => withCollections(batch, kept), 4),
  )
  return { ...answer, document }
}

function withCollections(batch: Buffer, kept: ReadonlySet<string>): Buffer {
  const collections = elementsOf(batch).map(contentOf)
  const told = collections.map((each) => (kept.has(String(decode(each).name)) ? withField(each, 'options', withOption) : each))
  return contentOf(arrayElement('firstBatch', told))
}

function withOption(options: Buffer): Buffer {
  return documentOf([...elementsOf(options), ...elementsOf(encode({ [option]: { enabled: true } }))])
}

/** The document with another value in a field of it. */
function withField(document: Buffer, name: string, change: (value: Buffer) => Buffer, type = 3): Buffer {
  return documentOf(
    elementsOf(document).map((element) => (element.name === name ? typed(name, change(contentOf(element)), type) : element)),
  )
}

function typed(name: string, value: Buffer, type: number): Element {
  const element = documentElement(name, value)
  return { ...element, type, bytes: Buffer.concat([Buffer.of(type), element.bytes.subarray(1)]) }
}
