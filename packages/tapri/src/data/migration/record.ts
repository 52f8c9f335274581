/** Which part of a migration file a record is about. A file is done with its last part. */
export interface FileMark {
  readonly name: string
  readonly checksum: string
  readonly part: 'before' | 'steps' | 'after'
}

/** What was done to a database, and when. */
export interface MigrationRecord {
  readonly at: number
  readonly summaries: readonly string[]
  readonly file?: FileMark
}

/** What a driver keeps of a migration beside its moment. */
export function writeRecord(summaries: readonly string[], file: FileMark | undefined): string {
  return JSON.stringify(file === undefined ? summaries : { file, summaries })
}

export function readRecord(at: number, text: string): MigrationRecord {
  const record = asRecord(JSON.parse(text))
  return 'summaries' in record ? { at, ...record } : { at, summaries: record }
}

// Only `writeRecord` makes these texts.
function asRecord(value: unknown): readonly string[] | Omit<MigrationRecord, 'at'> {
  return value as readonly string[] | Omit<MigrationRecord, 'at'>
}
