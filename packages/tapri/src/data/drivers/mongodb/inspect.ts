import type { IndexState, TableState } from '../../migration/state.ts'
import { codeOf } from './failure.ts'
import type { Server } from './server.ts'
import { indexNames } from './tables.ts'

const bookkeeping: ReadonlySet<string> = new Set(['tapri_meta', 'tapri_changes', 'tapri_pieces', 'tapri_migrations'])
const prefix = 'table:'

/** The tables as migrations of ours have left them, less what is not there any more; other collections have only an id. */
export async function inspect(server: Server): Promise<TableState[]> {
  const names = await collectionNames(server)
  const known = new Map((await readFacts(server)).map((table) => [table.name, table]))
  const tables: TableState[] = []
  for (const name of names) {
    const table = known.get(name)
    if (table === undefined) tables.push(strange(name))
    else tables.push({ ...table, indexes: await indexesOf(server, table) })
  }
  return tables
}

/** What a migration of ours knows of each table, which a collection cannot tell of itself. */
export async function readFacts(server: Server): Promise<TableState[]> {
  const kept = await server
    .meta()
    .find({ _id: { $gte: prefix, $lt: 'table;' } })
    .sort({ _id: 1 })
    .toArray()
  return kept.map(({ table }) => tableOf(String(table)))
}

export async function saveFacts(server: Server, table: TableState): Promise<void> {
  const fields = { table: JSON.stringify({ ...table, ours: true }) }
  await server.meta().updateOne({ _id: `${prefix}${table.name}` }, { $set: fields }, { upsert: true })
}

export async function dropFacts(server: Server, table: string): Promise<void> {
  await server.meta().deleteOne({ _id: `${prefix}${table}` })
}

/** A collection of somebody else's that has the name of a model. */
export function strange(name: string): TableState {
  return { name, columns: [{ name: 'id', type: 'text', nullable: false }], indexes: [], ours: false }
}

async function collectionNames(server: Server): Promise<string[]> {
  const collections = await server.db.listCollections({ type: 'collection' }, { nameOnly: true }).toArray()
  const names = collections.map(({ name }) => name)
  return names.filter((name) => !bookkeeping.has(name) && !name.startsWith('system.')).sort()
}

/** An index that somebody has dropped is missing to the next migration. */
async function indexesOf(server: Server, { name, indexes }: TableState): Promise<IndexState[]> {
  try {
    const actual = await server.db.collection(name).indexes()
    const isThere = (name: string) => actual.some((each) => each.name === name)
    return indexes.filter((index) => indexNames(index).every(isThere))
  } catch (cause) {
    if (codeOf(cause) !== 26) throw cause
    return []
  }
}

// Only `saveFacts` makes these texts.
function tableOf(text: string): TableState {
  return JSON.parse(text)
}
