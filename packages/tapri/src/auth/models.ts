import type { Database, ReadSet, SystemDb } from '../data/index.ts'
import { model } from '../data/index.ts'
import { belongsTo, type Field, oneOf, optional, text, time } from '../schema/index.ts'

/** The framework's own tables for signing in; they hold hashes only. */
export const authModels = {
  tapri_passwords: model({
    user: belongsTo('users', { onDelete: 'cascade', unique: true }),
    hash: text({ max: 200 }),
  }),
  tapri_sessions: model(
    {
      tokenHash: text({ max: 43, unique: true }),
      kind: oneOf(['cookie', 'bearer']),
      user: belongsTo('users', { onDelete: 'cascade' }),
      at: time(),
      seenAt: time(),
      expires: time(),
      agent: optional(text({ max: 200 })),
    },
    { index: [['expires']] },
  ),
} as const

export type SessionKind = 'cookie' | 'bearer'

/** What this room reads and writes: its own tables, and of the app's users what it must know. */
type AuthTables = typeof authModels & { readonly users: { readonly email: Field<string> } }
export type AuthDb = SystemDb<AuthTables>

/** The tables of this room, with their reads registered when a set is given. */
export function authDb(database: Database, reads?: ReadSet): AuthDb {
  // openDatabase was given authModels, so the tables are there; the app's own models have other types in each app
  const tables: unknown = reads === undefined ? database.asSystem : database.systemDb({ reads })
  return tables as AuthDb
}
