import { createHash } from 'node:crypto'
import {
  asksOthers,
  byIds,
  type Column,
  type Condition,
  conditionKey,
  type Grouping,
  type Model,
  type Order,
  type ReadEntry,
  type Reader,
  type Select,
  type StoredRow,
} from '../../data/index.ts'
import { type Answer, KeptCount, KeptGroups, KeptRow, KeptRows, type RowsAnswer } from './answers.ts'
import { KeptWindow, windowSize } from './window.ts'

/** What is asked of the database once for everybody who asks the same. */
export interface Question<A extends Answer> {
  readonly key: string
  readonly model: Model
  /** Which rows have a say, and by which of their columns. */
  reads(): readonly ReadEntry[]
  ask(own: Reader, signal: AbortSignal | undefined): Promise<A>
}

export function rowQuestion(model: Model, id: string): Question<KeptRow> {
  return {
    key: `${model.name} ${id}`,
    model,
    reads: () => [{ model: model.name, condition: byIds(model.id, [id]) }],
    ask: async (own, signal) => new KeptRow(model, await own.row(model, id, signal)),
  }
}

export function selectQuestion(query: Select): Question<RowsAnswer> {
  const { model, condition, columns, order, limit, offset, each, rank } = query
  const ordered = order.map(({ column, down, open }) => [column.name, down, open === undefined ? 0 : conditionKey(open)])
  const parts = [columns.map(({ name }) => name), ordered, limit, offset, each && [each.column.name, each.limit]]
  const shared = {
    key: keyOf(model, condition, [...parts, rank && conditionKey(rank)]),
    model,
    reads: () => [readOf(model, condition, shownBy(query)), ...order.flatMap((each) => ruleOf(model, each))],
  }
  if (!isWindow(query)) return { ...shared, ask: async (own, signal) => new KeptRows(await own.select(query, signal)) }
  const wider = { ...query, order: decidedOrder(model, order), limit: windowSize(limit) }
  return { ...shared, ask: async (own, signal) => windowOf(query, await own.select(wider, signal)) }
}

/** What is kept of the first `windowSize(limit)` rows of a query. */
export function windowOf(query: Select, rows: StoredRow[]): RowsAnswer {
  return new KeptWindow({ ...query, order: decidedOrder(query.model, query.order) }, rows)
}

/** `isExact`: each change is told of once, as it was. Others are told of late, as the rows are by then, and a count may have
 * seen them before. */
export function countQuestion(model: Model, condition: Condition, { isExact }: { isExact: boolean }): Question<KeptCount> {
  const decidable = isExact && !asksOthers(condition) ? condition : undefined
  return {
    key: keyOf(model, condition, []),
    model,
    reads: () => [readOf(model, condition, [])],
    ask: async (own, signal) => new KeptCount(await own.count(model, condition, signal), decidable),
  }
}

export function groupsQuestion(grouping: Grouping, groups: NonNullable<Reader['groups']>): Question<KeptGroups> {
  const { model, condition, by, figures, having, order, limit } = grouping
  const named = (of: Column | Grouping['figures'][number]) => {
    if (!('kind' in of)) return of.name
    return of.kind === 'count' ? of.kind : `${of.kind}.${of.column.name}`
  }
  const filtered = having.map(({ figure, sign, value }) => [named(figure), sign, value])
  const ordered = order.map(({ of, down }) => [named(of), down])
  const all = [...by, ...figures, ...having.map(({ figure }) => figure), ...order.map(({ of }) => of)]
  return {
    key: keyOf(model, condition, [by.map(named), figures.map(named), filtered, ordered, limit]),
    model,
    reads: () => {
      const shown = all.flatMap((of) => ('kind' in of ? (of.kind === 'count' ? [] : [of.column]) : [of]))
      return [readOf(model, condition, shown)]
    },
    ask: async (_own, signal) => new KeptGroups(await groups(grouping, signal)),
  }
}

/** Whether the answer can be kept up to date from changes alone: the first rows in an order that each row tells by itself. */
export function isWindow({ model, condition, columns, order, offset, each, rank, lock }: Select): boolean {
  if (offset !== 0 || each !== undefined || rank !== undefined || lock === true || asksOthers(condition)) return false
  const isShown = ({ column, open }: Order) => open === undefined && columns.some(({ name }) => name === column.name)
  return columns.some(({ name }) => name === model.id.name) && order.every(isShown)
}

/** The primary key ends the order; where none was asked for, any is right. */
export function decidedOrder(model: Model, order: readonly Order[]): readonly Order[] {
  const isDecided = order.some(({ column }) => column.name === model.id.name)
  return isDecided ? order : [...order, { column: model.id, down: false }]
}

/** The columns that the answer tells of. */
function shownBy({ columns, order, each, rank }: Select): readonly Column[] {
  const ranked = rank?.fields.map(({ field }) => field) ?? []
  return [...columns, ...order.map(({ column }) => column), ...(each === undefined ? [] : [each.column]), ...ranked]
}

/** An order by what the asker sees goes by the rule that opens the field. */
function ruleOf(model: Model, { column, open }: Order): ReadEntry[] {
  return open === undefined ? [] : [readOf(model, open, [column])]
}

function readOf(model: Model, condition: Condition, shown: readonly Column[]): ReadEntry {
  return { model: model.name, condition, columns: new Set(shown.map(({ name }) => name)) }
}

const longestKey = 500

function keyOf(model: Model, condition: Condition, parts: readonly unknown[]): string {
  // joined, it is one text in memory for as long as it is kept, and not a chain of them
  const key = [model.name, conditionKey(condition), JSON.stringify(parts)].join(' ')
  // a condition may name thousands of ids
  return key.length <= longestKey ? key : createHash('sha256').update(key).digest('base64')
}
