import { DatabaseSync } from 'node:sqlite'

/** What a database says of the bytes of a file. */
export interface FileRow {
  readonly key: string
  readonly sha256: string | null
}

/** The files that the rows of a backed up database have. */
export function* fileRows(path: string): Generator<FileRow, void> {
  using database = new DatabaseSync(path, { readOnly: true })
  const isThere = database.prepare("select 1 from sqlite_schema where name = 'tapri_files'").get()
  if (isThere === undefined) return
  // a live stream has a row, and no bytes but its pieces
  const rows = database.prepare("select key, sha256 from tapri_files where state = 'attached' and size > 0").iterate()
  for (const { key, sha256 } of rows) yield { key: String(key), sha256: sha256 === null ? null : String(sha256) }
}
