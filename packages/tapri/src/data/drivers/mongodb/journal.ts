import type { FileMark, MigrationRecord } from '../../migration/record.ts'
import { readRecord, writeRecord } from '../../migration/record.ts'
import type { MigrationAction } from '../../migration/state.ts'
import type { Codec } from './codec.ts'
import { TableMigration } from './migrate.ts'
import type { Server, Stored } from './server.ts'
import type { Hold } from './turn.ts'

interface Migration {
  readonly actions: readonly MigrationAction[]
  readonly summaries: readonly string[]
  readonly at: number
  readonly file: FileMark | undefined
}

const journal = { _id: 'migration' }

/** Applies all actions and records them. Collections cannot be changed in a transaction, so what is to be done, and how
 * far it came, is written down: whoever holds the database next goes on with it. */
export async function migrate(server: Server, codec: Codec, hold: Hold, migration: Migration): Promise<void> {
  await server.meta().updateOne(journal, { $set: { plan: JSON.stringify(migration), done: 0 } }, { upsert: true })
  await resume(server, codec, hold)
}

/** Ends the migration that a process has left in the middle, if there is one. */
export async function resume(server: Server, codec: Codec, hold: Hold): Promise<void> {
  const entry = await server.meta().findOne(journal)
  if (entry === null) return
  const { actions, summaries, at, file } = planOf(String(entry.plan))
  const tables = await TableMigration.open(server, codec)
  try {
    for (const [index, action] of actions.entries()) {
      if (index < Number(entry.done)) continue
      await hold.require()
      await tables.apply(action)
      await server.meta().updateOne(journal, { $set: { done: index + 1 } })
    }
    await record(server, at, writeRecord(summaries, file))
  } finally {
    // what cannot be done is not tried for ever: the next plan begins with what there is
    await server.meta().deleteOne(journal)
  }
}

export async function migrations(server: Server): Promise<MigrationRecord[]> {
  const records = await server.db.collection<Stored>('tapri_migrations').find().sort({ _id: 1 }).toArray()
  return records.map(({ at, steps }) => readRecord(Number(at), String(steps)))
}

async function record(server: Server, at: number, steps: string): Promise<void> {
  const records = server.db.collection<Stored>('tapri_migrations')
  const [last] = await records.find().sort({ _id: -1 }).limit(1).toArray()
  await records.insertOne({ _id: Number(last?._id ?? 0) + 1, at, steps })
}

// Only `migrate` makes these texts.
function planOf(text: string): Migration {
  return JSON.parse(text)
}
