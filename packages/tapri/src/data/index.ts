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
  oneOf,
  optional,
  type Private,
  partial,
  private,
  type StoredFile,
  text,
  time,
  url,
} from '../schema/index.ts'
export type { Change, Commit } from './changes.ts'
export type { Condition } from './condition.ts'
export type { FileFacts } from './engine.ts'
export { dataError } from './errors.ts'
export type { StoredRow } from './evaluate.ts'
export type { MigrationPlan, MigrationStep } from './migration/state.ts'
export { add, type ModelOptions, model, pick } from './model.ts'
export { type Database, type DatabaseOptions, openDatabase } from './open.ts'
export { type ReadEntry, ReadSet } from './read-set.ts'
export type {
  Add,
  Changes,
  Columns,
  Compare,
  Db,
  Find,
  FullRow,
  Loaded,
  Models,
  Page,
  Policy,
  PolicyContext,
  Row,
  Rows,
  Rule,
  Shape,
  SystemDb,
  Table,
  Tables,
  Where,
} from './types.ts'
