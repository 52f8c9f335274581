export {
  type BelongsTo,
  belongsTo,
  bool,
  date,
  email,
  type Field,
  file,
  float,
  type HasMany,
  hasMany,
  type Id,
  id,
  int,
  json,
  list,
  type ManyToMany,
  manyToMany,
  oneOf,
  optional,
  type Private,
  partial,
  private,
  type StoredFile,
  softDelete,
  text,
  time,
  url,
  version,
} from '../schema/index.ts'
export type { Compare, CompareJson, CompareMany, Find, Loaded, Selection, Where, With } from './asking.ts'
export type { Change, Commit } from './changes.ts'
export type { Condition } from './condition.ts'
export { type Scratch, scratchDatabase } from './drivers/scratch.ts'
export type { FileFacts } from './engine.ts'
export { dataError } from './errors.ts'
export type { StoredRow } from './evaluate.ts'
export type { Group, GroupBy } from './grouped.ts'
export type { MigrationPlan, MigrationStep } from './migration/state.ts'
export { add, type ModelOptions, model, pick } from './model.ts'
export { type Database, type DatabaseOptions, openDatabase } from './open.ts'
export { type ReadEntry, ReadSet } from './read-set.ts'
export type { Columns, FullRow, Models, Row, Shape } from './rows.ts'
export type {
  Add,
  Changes,
  Db,
  LinkChanges,
  Links,
  Page,
  Policy,
  PolicyContext,
  Rows,
  Rule,
  SystemDb,
  Table,
  Tables,
} from './types.ts'
