import type { Catalog, Column, Model } from '../catalog.ts'
import type { Driver } from '../driver.ts'
import type { ColumnState, Fill, IndexState, MigrationPlan, MigrationStep, TableState } from './state.ts'
import { fillOf, isOurIndex, wantedTables } from './wanted.ts'

/** Compares the models with the database. Looks at the rows too: what is harmless today may lose something tomorrow. */
export async function planMigration(catalog: Catalog, driver: Driver, now: number): Promise<MigrationPlan> {
  const tables = await driver.tables()
  const wanted = wantedTables(catalog)
  const steps: MigrationStep[] = []
  for (const table of wanted) {
    const model = catalog.get(table.name)
    const actual = tables.find((each) => each.name === table.name)
    if (actual === undefined || model === undefined) steps.push(createStep(table))
    else steps.push(...(await new TablePlan(driver, model, table, actual, now).steps()))
  }
  for (const table of tables) {
    if (table.ours && !catalog.has(table.name)) steps.push(await dropStep(driver, table))
  }
  return { steps }
}

function createStep(table: TableState): MigrationStep {
  return { summary: `create the table "${table.name}"`, safe: true, needed: true, action: { kind: 'create table', table } }
}

async function dropStep(driver: Driver, table: TableState): Promise<MigrationStep> {
  const loses = `the table "${table.name}" with its ${rows(await driver.countRows(table.name))}`
  const action = { kind: 'drop table', table: table.name } as const
  return { summary: `drop the table "${table.name}"`, safe: false, loses, needed: false, action }
}

class TablePlan {
  readonly #driver: Driver
  readonly #model: Model
  readonly #wanted: TableState
  readonly #actual: TableState
  readonly #now: number

  constructor(driver: Driver, model: Model, wanted: TableState, actual: TableState, now: number) {
    this.#driver = driver
    this.#model = model
    this.#wanted = wanted
    this.#actual = actual
    this.#now = now
  }

  async steps(): Promise<MigrationStep[]> {
    const steps: MigrationStep[] = this.#indexesToDrop().map((index) => this.#dropIndex(index))
    for (const column of this.#model.stored) steps.push(...(await this.#columnSteps(column)))
    for (const column of this.#actual.columns) {
      if (!this.#model.stored.some(({ name }) => name === column.name)) steps.push(...(await this.#extraSteps(column)))
    }
    for (const index of this.#wanted.indexes) {
      if (!this.#actual.indexes.some((each) => isSame(each, index))) steps.push(await this.#addIndex(index))
    }
    return steps
  }

  async #columnSteps(column: Column): Promise<MigrationStep[]> {
    const wanted = this.#wanted.columns.find(({ name }) => name === column.name)
    const actual = this.#actual.columns.find(({ name }) => name === column.name)
    if (wanted === undefined) return []
    const fill = fillOf(column, this.#now)
    if (actual === undefined) return [await this.#addColumn(wanted, fill)]
    if (actual.type !== wanted.type && !isWider(actual, wanted)) return [await this.#changeType(actual, wanted, fill)]
    if (actual.target !== wanted.target && wanted.target !== undefined) return [await this.#changeTarget(wanted, wanted.target)]
    if (actual.nullable && !wanted.nullable) return [await this.#require(wanted, fill)]
    const isSame = actual.type === wanted.type && actual.nullable === wanted.nullable && actual.target === wanted.target
    return isSame ? [] : [this.#change(wanted, `let the column ${this.#named(wanted)} hold more`, { keep: true, fill: null })]
  }

  async #addColumn(column: ColumnState, fill: Fill): Promise<MigrationStep> {
    const action = { kind: 'add column', table: this.#model.name, column, fill } as const
    const step = { summary: `add the column ${this.#named(column)}`, safe: true, needed: true, action }
    if (column.nullable || fill !== null) return step
    const count = await this.#driver.countRows(this.#model.name)
    if (count === 0) return step
    return { ...step, safe: false, blocked: `${rows(count)} would have no value in it: give it a default or make it optional` }
  }

  async #changeType(actual: ColumnState, column: ColumnState, fill: Fill): Promise<MigrationStep> {
    const summary = `change the column ${this.#named(column)} from ${actual.type} to ${column.type}`
    const step = this.#change(column, summary, { keep: false, fill })
    const count =
      (await this.#driver.countRows(this.#model.name)) - (await this.#driver.countNulls(this.#model.name, column.name))
    if (count === 0 && (column.nullable || fill !== null || (await this.#driver.countRows(this.#model.name)) === 0)) return step
    const loses = `the values of ${this.#named(column)} in ${rows(count)}`
    if (column.nullable || fill !== null) return { ...step, safe: false, loses }
    return {
      ...step,
      safe: false,
      loses,
      blocked: `${rows(count)} would have no value in it: make it optional or give it a default first`,
    }
  }

  async #changeTarget(column: ColumnState, target: string): Promise<MigrationStep> {
    const step = this.#change(column, `let the column ${this.#named(column)} refer to "${target}"`, { keep: true, fill: null })
    const isThere = (await this.#driver.tables()).some(({ name }) => name === target)
    const orphans = isThere
      ? await this.#driver.countOrphans(this.#model.name, column.name, target)
      : await this.#driver.countRows(this.#model.name)
    if (orphans === 0) return step
    return { ...step, safe: false, blocked: `${rows(orphans)} would refer to a row of "${target}" that is not there` }
  }

  async #require(column: ColumnState, fill: Fill): Promise<MigrationStep> {
    const step = this.#change(column, `make the column ${this.#named(column)} required`, { keep: true, fill })
    const nulls = await this.#driver.countNulls(this.#model.name, column.name)
    if (nulls === 0 || fill !== null) return step
    return { ...step, safe: false, blocked: `it is null in ${rows(nulls)}: give them a value or give it a default first` }
  }

  /** A column that no model knows any more: it may stay as long as rows can be written without it. */
  async #extraSteps(column: ColumnState): Promise<MigrationStep[]> {
    const filled =
      (await this.#driver.countRows(this.#model.name)) - (await this.#driver.countNulls(this.#model.name, column.name))
    const drop: MigrationStep = {
      summary: `drop the column ${this.#named(column)}`,
      safe: false,
      loses: `the values of ${this.#named(column)} in ${rows(filled)}`,
      needed: false,
      action: { kind: 'drop column', table: this.#model.name, column: column.name },
    }
    if (column.nullable || column.fill !== undefined) return [drop]
    const relaxed = { ...column, nullable: true }
    return [
      this.#change(relaxed, `let the column ${this.#named(column)} be empty, as no model has it`, { keep: true, fill: null }),
      drop,
    ]
  }

  #indexesToDrop(): IndexState[] {
    const name = this.#model.name
    return this.#actual.indexes.filter(
      (index) => isOurIndex(name, index) && !this.#wanted.indexes.some((each) => isSame(each, index)),
    )
  }

  #dropIndex(index: IndexState): MigrationStep {
    const action = { kind: 'drop index', table: this.#model.name, index } as const
    return { summary: `drop the index "${index.name}"`, safe: true, needed: true, action }
  }

  async #addIndex(index: IndexState): Promise<MigrationStep> {
    const what = `${index.unique ? 'unique ' : ''}index on ${index.columns.join(', ')} of "${this.#model.name}"`
    const action = { kind: 'add index', table: this.#model.name, index } as const
    const step = { summary: `add the ${what}`, safe: true, needed: true, action }
    const isHere = index.columns.every((column) => this.#actual.columns.some(({ name }) => name === column))
    if (!index.unique || !isHere) return step
    const twins = await this.#driver.countTwins(this.#model.name, index.columns)
    if (twins === 0) return step
    return {
      ...step,
      safe: false,
      blocked: `${twins} values of ${index.columns.join(', ')} occur more than once: change them first`,
    }
  }

  #change(column: ColumnState, summary: string, how: { keep: boolean; fill: Fill }): MigrationStep {
    const action = { kind: 'change column', table: this.#model.name, column, ...how } as const
    return { summary, safe: true, needed: true, action }
  }

  #named(column: ColumnState): string {
    return `"${column.name}" of "${this.#model.name}"`
  }
}

/** Every value of the one is a value of the other, stored alike. */
function isWider(actual: ColumnState, wanted: ColumnState): boolean {
  return actual.type === 'int' && wanted.type === 'float'
}

function isSame(one: IndexState, other: IndexState): boolean {
  return one.name === other.name && one.unique === other.unique && one.columns.join() === other.columns.join()
}

function rows(count: number): string {
  return count === 1 ? '1 row' : `${count} rows`
}
