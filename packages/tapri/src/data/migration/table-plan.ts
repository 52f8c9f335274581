import type { Column, Model } from '../catalog.ts'
import { kindOf } from './describe.ts'
import {
  type ColumnState,
  type Fill,
  type IndexState,
  isSameIndex,
  type MigrationAction,
  type MigrationStep,
  type TableState,
} from './state.ts'
import { rows, type Walk } from './walk.ts'
import { fillOf, isOurIndex } from './wanted.ts'

export interface TableAsked {
  readonly model: Model
  readonly wanted: TableState
  readonly actual: TableState
  readonly walk: Walk
  readonly now: number
}

/** The steps from a table that is there to the one that the model needs; the walk has taken them. */
export async function tableSteps(asked: TableAsked): Promise<MigrationStep[]> {
  const plan = new TablePlan(asked)
  await plan.make()
  return plan.steps
}

class TablePlan {
  readonly steps: MigrationStep[] = []
  readonly #model: Model
  readonly #wanted: TableState
  readonly #actual: TableState
  readonly #walk: Walk
  readonly #now: number

  constructor({ model, wanted, actual, walk, now }: TableAsked) {
    this.#model = model
    this.#wanted = wanted
    this.#actual = actual
    this.#walk = walk
    this.#now = now
  }

  async make(): Promise<void> {
    for (const index of this.#indexesToDrop()) await this.#dropIndex(index)
    for (const column of this.#model.stored) await this.#column(column)
    for (const column of this.#extras()) await this.#extra(column)
    for (const index of this.#wanted.indexes) {
      if (!this.#actual.indexes.some((each) => isSameIndex(each, index))) await this.#addIndex(index)
    }
  }

  async #column(column: Column): Promise<void> {
    const wanted = this.#wanted.columns.find(({ name }) => name === column.name)
    const actual = this.#actual.columns.find(({ name }) => name === column.name)
    if (wanted === undefined) return
    const fill = fillOf(column, this.#now)
    if (actual === undefined) return this.#addColumn(column, wanted, fill)
    if (this.#areStaleWords(column)) return this.#renewWords(column, wanted)
    if (actual.type !== wanted.type && !isWider(actual, wanted)) return this.#changeType(actual, wanted, fill)
    if (actual.target !== wanted.target && wanted.target !== undefined) {
      return this.#change(wanted, `let the column ${this.#named(wanted)} refer to "${wanted.target}"`, null)
    }
    if (actual.nullable && !wanted.nullable) {
      return this.#change(wanted, `make the column ${this.#named(wanted)} required`, fill)
    }
    const isAsWanted = actual.type === wanted.type && actual.nullable === wanted.nullable && actual.target === wanted.target
    if (!isAsWanted) await this.#change(wanted, `let the column ${this.#named(wanted)} hold more`, null)
  }

  /** Words that no index was there for may not have followed the writes. */
  #areStaleWords({ name }: Column): boolean {
    const areWords = this.#model.search.some(({ words }) => words.name === name)
    return areWords && !this.#actual.indexes.some((index) => index.words && index.columns.includes(name))
  }

  async #renewWords(column: Column, wanted: ColumnState): Promise<void> {
    const action = { kind: 'drop column', table: this.#model.name, column: column.name } as const
    await this.#push({ summary: `drop the column ${this.#named(wanted)}, to fill it anew`, action })
    await this.#addColumn(column, wanted, null)
  }

  async #addColumn({ facts }: Column, wanted: ColumnState, fill: Fill): Promise<void> {
    const alike = facts.private && wanted.name.startsWith('tapri_') ? [] : this.#extras().filter((each) => isAlike(each, wanted))
    const hint = alike.map(({ name }) => `if it is "${name}" by another name, declare ${wanted.name}: was('${name}', …)`)
    await this.#push({
      summary: `add the column ${this.#named(wanted)}`,
      action: { kind: 'add column', table: this.#model.name, column: wanted, fill },
      ...(hint.length > 0 && { hint: hint.join('; ') }),
    })
  }

  async #changeType(actual: ColumnState, column: ColumnState, fill: Fill): Promise<void> {
    const count = await this.#filled(column.name)
    const loses = count === 0 ? {} : { loses: `the values of ${this.#named(column)}${inRows(count)}` }
    const action = { kind: 'change column', table: this.#model.name, column, keep: false, fill } as const
    const summary = `change the column ${this.#named(column)} from ${actual.type} to ${column.type}`
    await this.#push({ summary, action, ...loses })
  }

  #change(column: ColumnState, summary: string, fill: Fill): Promise<void> {
    return this.#push({ summary, action: { kind: 'change column', table: this.#model.name, column, keep: true, fill } })
  }

  /** A column that no model knows any more: it may stay as long as rows can be written without it. */
  async #extra(column: ColumnState): Promise<void> {
    const loses = `the values of ${this.#named(column)}${inRows(await this.#filled(column.name))}`
    if (!column.nullable && column.fill === undefined) {
      await this.#change(
        { ...column, nullable: true },
        `let the column ${this.#named(column)} be empty, as no model has it`,
        null,
      )
    }
    const action = { kind: 'drop column', table: this.#model.name, column: column.name } as const
    await this.#push({ summary: `drop the column ${this.#named(column)}`, action, loses, needed: false })
  }

  #extras(): ColumnState[] {
    return this.#actual.columns.filter((column) => !this.#model.stored.some(({ name }) => name === column.name))
  }

  #indexesToDrop(): IndexState[] {
    return this.#actual.indexes.filter(
      (index) => isOurIndex(this.#model, index) && !this.#wanted.indexes.some((each) => isSameIndex(each, index)),
    )
  }

  #dropIndex(index: IndexState): Promise<void> {
    return this.#push({
      summary: `drop the index "${index.name}"`,
      action: { kind: 'drop index', table: this.#model.name, index },
    })
  }

  #addIndex(index: IndexState): Promise<void> {
    const what = `${kindOf(index)}index on ${index.columns.join(', ')} of "${this.#model.name}"`
    return this.#push({ summary: `add the ${what}`, action: { kind: 'add index', table: this.#model.name, index } })
  }

  async #push(
    step: Pick<MigrationStep, 'summary' | 'hint' | 'loses'> & { action: MigrationAction; needed?: false },
  ): Promise<void> {
    const { needed = true, ...rest } = step
    const blocked = await this.#walk.obstacle(step.action)
    this.steps.push({
      ...rest,
      needed,
      safe: blocked === undefined && step.loses === undefined && needed,
      ...(blocked !== undefined && { blocked }),
    })
    // what need not be done may stay undone, and the rest must hold all the same
    if (needed) this.#walk.take(step.action)
  }

  async #filled(column: string): Promise<number | undefined> {
    const count = await this.#walk.countRows(this.#model.name)
    const nulls = await this.#walk.countNulls(this.#model.name, column)
    return count === undefined || nulls === undefined ? undefined : count - nulls
  }

  #named(column: ColumnState): string {
    return `"${column.name}" of "${this.#model.name}"`
  }
}

/** Every value of the one is a value of the other, stored alike. */
function isWider(actual: ColumnState, wanted: ColumnState): boolean {
  return actual.type === 'int' && wanted.type === 'float'
}

/** The one may be the other under a new name. */
function isAlike(one: ColumnState, other: ColumnState): boolean {
  return one.type === other.type && one.target === other.target && !one.name.startsWith('tapri_')
}

function inRows(count: number | undefined): string {
  return count === undefined ? '' : ` in ${rows(count)}`
}
