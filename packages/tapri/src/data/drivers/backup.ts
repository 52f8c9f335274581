import { dataError } from '../errors.ts'
import { backupSqlite } from './sqlite/backup.ts'
import { type RestoreOptions, restoreSqlite } from './sqlite/restore.ts'
import { toolFor } from './tools.ts'

export type { RestoreOptions }

/** Writes the whole database into a new file, whatever an app does to it meanwhile. Takes its time: not for a process
 * that answers requests.
 * @throws TAPRI_DATA_BACKUP, which names the tool of a database that has its own
 * @example await backupDatabase('sqlite:data/app.db', 'backups/monday.db') */
export async function backupDatabase(url: string, to: string): Promise<void> {
  if (url.startsWith('sqlite:')) return backupSqlite(url, to)
  throw dataError(
    'TAPRI_DATA_BACKUP',
    `Cannot back up this database: it has a tool of its own, run\n  ${toolFor(url).backup(to)}`,
  )
}

/** Puts a backup in the place of the database, which no app may use meanwhile; answers where the one before is kept.
 * @throws TAPRI_DATA_BACKUP, which names the tool of a database that has its own
 * @example await restoreDatabase('sqlite:data/app.db', 'backups/monday.db', { at: new Date(), damaged: false }) */
export async function restoreDatabase(url: string, from: string, options: RestoreOptions): Promise<string | undefined> {
  if (url.startsWith('sqlite:')) return restoreSqlite(url, from, options)
  const lines = toolFor(url).restore(from).join('\n  ')
  throw dataError(
    'TAPRI_DATA_BACKUP',
    `Cannot restore this database: it has a tool of its own; stop the app, then run\n  ${lines}`,
  )
}
