import { fold } from './fold.ts'
import type { Look } from './look.ts'
import type { ColumnState, Fill, MigrationAction, TableState } from './state.ts'

type Renaming = MigrationAction & { readonly kind: 'rename table' | 'rename column' }

/** Goes through actions that are not done yet: what the tables are after each, and what stands in the way of the next. */
export class Walk {
  readonly #look: Look
  #tables: readonly TableState[]
  readonly #renamings: Renaming[] = []
  /** Columns that the database does not have yet, and what their rows will have in them. */
  readonly #fresh = new Map<string, Fill>()
  /** Columns whose nulls become one value. */
  readonly #filled = new Set<string>()
  readonly #freshTables = new Set<string>()

  constructor(look: Look, tables: readonly TableState[]) {
    this.#look = look
    this.#tables = tables
  }

  get tables(): readonly TableState[] {
    return this.#tables
  }

  table(name: string): TableState | undefined {
    return this.#tables.find((each) => each.name === name)
  }

  take(action: MigrationAction): void {
    this.#tables = fold(this.#tables, action)
    if (action.kind === 'create table') this.#freshTables.add(action.table.name)
    if (action.kind === 'add column') this.#fresh.set(keyOf(action.table, action.column.name), action.fill)
    if (action.kind === 'change column') this.#takeChange(action)
    if (action.kind === 'rename table' || action.kind === 'rename column') this.#renamings.push(action)
  }

  async countRows(table: string): Promise<number | undefined> {
    return this.#freshTables.has(table) ? 0 : this.#look.countRows(this.#before(table).table)
  }

  async countNulls(table: string, column: string): Promise<number | undefined> {
    const fill = this.#fresh.get(keyOf(table, column))
    if (fill !== undefined) return fill === null ? this.countRows(table) : 0
    if (this.#freshTables.has(table)) return 0
    const before = this.#before(table, column)
    return this.#look.countNulls(before.table, before.column)
  }

  /** Why the data as they are do not let the action happen; undefined when they do, or when nobody can know. */
  async obstacle(action: MigrationAction): Promise<string | undefined> {
    if (action.kind === 'create table' && this.table(action.table.name) !== undefined) {
      return 'a table of that name is there, with other columns'
    }
    if (action.kind === 'add column') return this.#emptiness(action.table, action.column, action.fill)
    if (action.kind === 'change column') return this.#misfit(action)
    return action.kind === 'add index' && action.index.unique ? this.#twins(action.table, action.index.columns) : undefined
  }

  #takeChange({ table, column, keep, fill }: MigrationAction & { kind: 'change column' }): void {
    if (!keep) this.#fresh.set(keyOf(table, column.name), fill)
    else if (fill !== null) this.#filled.add(keyOf(table, column.name))
  }

  async #emptiness(table: string, column: ColumnState, fill: Fill): Promise<string | undefined> {
    if (column.nullable || fill !== null) return undefined
    const count = (await this.countRows(table)) ?? 0
    return count === 0 ? undefined : `${rows(count)} would have no value in it: give it a default or make it optional`
  }

  async #misfit({ table, column, keep, fill }: MigrationAction & { kind: 'change column' }): Promise<string | undefined> {
    if (!keep) return this.#emptiness(table, column, fill)
    const actual = this.table(table)?.columns.find(({ name }) => name === column.name)
    if (column.target !== undefined && actual?.target !== column.target) {
      const orphans = await this.#orphans(table, column.name, column.target)
      if (orphans > 0) return `${rows(orphans)} would refer to a row of "${column.target}" that is not there`
    }
    if (column.nullable || fill !== null) return undefined
    const nulls = (await this.countNulls(table, column.name)) ?? 0
    return nulls === 0 ? undefined : `it is null in ${rows(nulls)}: give them a value or give it a default first`
  }

  async #orphans(table: string, column: string, target: string): Promise<number> {
    const before = this.#before(table, column)
    if (this.#freshTables.has(target) || this.table(target) === undefined) {
      return ((await this.countRows(table)) ?? 0) - ((await this.countNulls(table, column)) ?? 0)
    }
    return (await this.#look.countOrphans(before.table, before.column, this.#before(target).table)) ?? 0
  }

  async #twins(table: string, columns: readonly string[]): Promise<string | undefined> {
    if (this.#freshTables.has(table)) return undefined
    const fresh = columns.filter((column) => this.#fresh.has(keyOf(table, column)))
    // null is equal to nothing
    if (fresh.some((column) => this.#fresh.get(keyOf(table, column)) === null)) return undefined
    const old = columns.filter((column) => !fresh.includes(column)).map((column) => this.#before(table, column).column)
    const names = columns.join(', ')
    const [only = ''] = columns
    const isFilled = columns.length === 1 && this.#filled.has(keyOf(table, only))
    if (old.length === 0 || isFilled) {
      const count = (isFilled ? await this.countNulls(table, only) : await this.countRows(table)) ?? 0
      return count < 2
        ? undefined
        : `${count} rows would have the same ${names}: make it optional, or fill it before it is unique`
    }
    const twins = (await this.#look.countTwins(this.#before(table).table, old)) ?? 0
    return twins === 0 ? undefined : `${twins} values of ${names} occur more than once: change them first`
  }

  /** What the database still calls a table and a column. */
  #before(table: string, column = ''): { table: string; column: string } {
    const before = { table, column }
    for (const each of this.#renamings.toReversed()) {
      if (each.kind === 'rename table' && each.to === before.table) before.table = each.table
      else if (each.kind === 'rename column' && each.table === before.table && each.to === before.column)
        before.column = each.column
    }
    return before
  }
}

export function rows(count: number): string {
  return count === 1 ? '1 row' : `${count} rows`
}

function keyOf(table: string, column: string): string {
  return `${table}.${column}`
}
