/** How a column stores its values, whatever the database. */
export type ColumnType = 'text' | 'int' | 'float' | 'bool' | 'time' | 'json'
export type Fill = string | number | boolean | null

export interface ColumnState {
  readonly name: string
  readonly type: ColumnType
  readonly nullable: boolean
  /** The table whose `id` every value names. */
  readonly target?: string
  /** What the database itself writes when a writer gives nothing. */
  readonly fill?: Fill
}

export interface IndexState {
  readonly name: string
  readonly columns: readonly string[]
  readonly unique: boolean
  /** Finds the words of these columns, which are in alphabetical order, by how they begin. */
  readonly words?: true
}

/** Whether the two do the same under the same name. */
export function isSameIndex(one: IndexState, other: IndexState): boolean {
  return one.name === other.name && isAlikeIndex(one, other)
}

/** Whether the two differ at most in their names. */
export function isAlikeIndex(one: IndexState, other: IndexState): boolean {
  return one.unique === other.unique && one.words === other.words && one.columns.join() === other.columns.join()
}

/** A table as it is or as it must be. Its first column is `id`, the primary key. */
export interface TableState {
  readonly name: string
  readonly columns: readonly ColumnState[]
  readonly indexes: readonly IndexState[]
  /** Made by a migration of ours; other tables are left alone. */
  readonly ours: boolean
}

export type MigrationAction =
  | { readonly kind: 'create table'; readonly table: TableState }
  | { readonly kind: 'drop table'; readonly table: string }
  /** `fill` is what the rows that are there get. */
  | { readonly kind: 'add column'; readonly table: string; readonly column: ColumnState; readonly fill: Fill }
  /** With `keep`, values stay and only nulls are filled; without it every row gets `fill`. */
  | {
      readonly kind: 'change column'
      readonly table: string
      readonly column: ColumnState
      readonly keep: boolean
      readonly fill: Fill
    }
  | { readonly kind: 'drop column'; readonly table: string; readonly column: string }
  | { readonly kind: 'add index' | 'drop index'; readonly table: string; readonly index: IndexState }
  /** Rows, columns, indexes and what refers to the table go along; indexes keep their names. */
  | { readonly kind: 'rename table'; readonly table: string; readonly to: string }
  /** Values, indexes and references go along. */
  | { readonly kind: 'rename column'; readonly table: string; readonly column: string; readonly to: string }
  /** `index` is as it is; a database that cannot rename one makes it anew. */
  | { readonly kind: 'rename index'; readonly table: string; readonly index: IndexState; readonly to: string }

export interface MigrationStep {
  /** One line for people, like `add the column "title" to "videos"`. */
  readonly summary: string
  /** Loses nothing and can be applied without asking. */
  readonly safe: boolean
  /** What is gone afterwards. */
  readonly loses?: string
  /** Why it cannot be applied to the data as they are. */
  readonly blocked?: string
  /** What it costs this database, like `copies the table`. */
  readonly cost?: string
  /** What may have been meant instead. */
  readonly hint?: string
  /** Done by itself after the others, while others write. */
  readonly live?: true
  /** The models cannot work without it. */
  readonly needed: boolean
  readonly action: MigrationAction
}

/** What must happen to the database for the models to fit. */
export interface MigrationPlan {
  readonly steps: readonly MigrationStep[]
}
