export {
  audio,
  type BelongsTo,
  belongsTo,
  bool,
  content,
  type Decimal,
  date,
  decimal,
  email,
  events,
  type Field,
  file,
  float,
  type Guarded,
  guarded,
  type HasMany,
  hasMany,
  type Id,
  id,
  image,
  int,
  json,
  type LiveStream,
  lines,
  list,
  listOf,
  type ManyToMany,
  manyToMany,
  nothing,
  nullable,
  type Output,
  oneOf,
  optional,
  type Private,
  type Processing,
  page,
  partial,
  private,
  row,
  rows,
  type StoredAudio,
  type StoredFile,
  type StoredImage,
  type StoredVideo,
  softDelete,
  stream,
  text,
  time,
  type Uploaded,
  url,
  type VariantFacts,
  version,
  video,
  was,
} from '../schema/index.ts'
export type { Compare, CompareJson, CompareMany, Find, Loaded, Selection, Where, With } from './asking.ts'
export { byIds, idsNamedBy, type Named, ownersNamedBy } from './by-ids.ts'
export type { Column, Model } from './catalog.ts'
export type { Change, Commit } from './changes.ts'
export type { Condition } from './condition.ts'
export { asksOthers } from './condition.ts'
export { conditionKey } from './condition-key.ts'
export type { Order, Reader, Select } from './driver.ts'
export { backupDatabase, type RestoreOptions, restoreDatabase } from './drivers/backup.ts'
export { type Scratch, scratchDatabase } from './drivers/scratch.ts'
export { siblingUrl } from './drivers/sibling.ts'
export { type SqlDatabase, sql } from './drivers/sql/kysely.ts'
export type { FileFacts, FilePlace, ShowFile } from './engine.ts'
export { dataError } from './errors.ts'
export type { StoredRow } from './evaluate.ts'
export { comparable, compareValues, matches, mayMatch } from './evaluate.ts'
export type { Grouping } from './figures.ts'
export type { Group, GroupBy } from './grouped.ts'
export { Interests, type Unindexed } from './interest/interests.ts'
export { type DataStep, type FileStep, type MigrationFile, migration, type NamedMigration } from './migration/file.ts'
export type { FilesRun, Migrations } from './migration/migrations.ts'
export type { MigrationRecord } from './migration/record.ts'
export type { MigrationPlan, MigrationStep } from './migration/state.ts'
export type { MigrationStatus } from './migration/status.ts'
export { add, type ModelOptions, model, pick } from './model.ts'
export type { NarrowDatabase } from './narrow.ts'
export { type Database, type DatabaseOptions, openDatabase } from './open.ts'
export type { RawAccess, RawDatabase } from './raw.ts'
export { type AskedRule, type ReadEntry, ReadSet } from './read-set.ts'
export type { Columns, FullRow, Models, Row, Shape } from './rows.ts'
export type {
  Add,
  Changes,
  Db,
  FieldRules,
  LinkChanges,
  Links,
  Page,
  Policy,
  PolicyContext,
  PolicyRules,
  Rows,
  Rule,
  SystemDb,
  Table,
  Tables,
  TransactionOptions,
} from './types.ts'
