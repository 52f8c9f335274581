import { decimalOf, movePoint } from '../kit/decimal.ts'
import type { Column, Model } from './catalog.ts'
import { wrong } from './compare.ts'
import { all, always, type Condition } from './condition.ts'
import type { Scope } from './engine.ts'
import { type Asked, type Figure, figureOf, readGrouping } from './figures.ts'
import { namesOf } from './interest/columns.ts'
import { requireOpen } from './mask.ts'
import { readParts } from './query.ts'
import { compileWhere } from './where.ts'

export type FigureKind = 'sum' | 'avg' | 'min' | 'max'

/** Groups of the rows that may be read, each an object of its values and figures. */
export async function groupBy(scope: Scope, model: Model, given: unknown): Promise<Record<string, unknown>[]> {
  const asked = readGrouping(model, given, scope.everything)
  for (const column of columnsOf(asked)) requireOpen(scope, model, column)
  return (await readGroups(scope, model, asked)).map((values) => {
    const group: Record<string, unknown> = {}
    for (const [at, { name }] of asked.by.entries()) group[name] = values[at]
    const figures: Record<string, Record<string, unknown>> = {}
    for (const [at, figure] of asked.figures.entries()) {
      const value = values[asked.by.length + at]
      if (figure.kind === 'count') group.count = value
      else figures[figure.kind] = { ...figures[figure.kind], [figure.column.name]: value }
    }
    return { ...group, ...figures }
  })
}

/** One figure of the rows that may be read. */
export async function aggregate(scope: Scope, model: Model, kind: FigureKind, field: unknown, given: unknown): Promise<unknown> {
  const { where } = readParts(model, given, ['where'])
  const figure = figureOf(model, kind, String(field), scope.everything)
  const asked: Asked = { where, by: [], figures: [figure], having: [], order: [], limit: 1 }
  // nulls are in no figure, and to the asker the field is null where it may not read it
  const open = figure.kind === 'count' ? always : scope.opened(model, figure.column)
  const [values] = await readGroups(scope, model, asked, open)
  return values?.[0]
}

/** Every column that the groups would tell of. */
function columnsOf({ by, figures, having, order }: Omit<Asked, 'where'>): readonly Column[] {
  const all = [...figures, ...having.map(({ figure }) => figure), ...order.map(({ of }) => of)]
  return [...by, ...all.flatMap((of) => ('kind' in of ? (of.kind === 'count' ? [] : of.column) : of))]
}

async function readGroups(
  scope: Scope,
  model: Model,
  { where, ...asked }: Asked,
  open: Condition = always,
): Promise<unknown[][]> {
  const condition = all([compileWhere(scope.engine.catalog, model, where, scope), scope.allowed(model, 'read'), open])
  const reader = scope.reader()
  scope.remember(model, condition, namesOf(columnsOf(asked)))
  if (reader.groups === undefined) throw wrong(model, 'this database cannot put rows into groups')
  const groups = await reader.groups({ model, condition, ...asked })
  const { by, figures } = asked
  return groups.map((values) =>
    values.map((value, at) => {
      const figure = figures[at - by.length]
      return figure === undefined ? shown(by[at], value) : shownFigure(model, figure, value)
    }),
  )
}

function shown(column: Column | undefined, value: unknown): unknown {
  return column?.scale === undefined || typeof value !== 'number' ? value : decimalOf(value, column.scale)
}

function shownFigure(model: Model, figure: Figure, value: unknown): unknown {
  if (figure.kind === 'count') return value
  if (figure.kind === 'min' || figure.kind === 'max') return shown(figure.column, value)
  if (figure.kind === 'sum') return exact(model, figure.column, value ?? 0)
  const { scale, name } = figure.column
  if (typeof value === 'number' && !Number.isFinite(value)) throw tooFar(model, 'average', name)
  return scale === undefined || typeof value !== 'number' ? value : movePoint(value, -scale)
}

/** Sums of whole numbers come as text: one beyond what a number holds is said, not rounded. */
function exact(model: Model, column: Column, value: unknown): unknown {
  if (column.scale !== undefined) return decimalOf(BigInt(String(value)), column.scale)
  const sum = Number(value)
  const isWhole = column.facts.kind === 'int'
  if (isWhole ? Number.isSafeInteger(sum) : Number.isFinite(sum)) return sum === 0 ? 0 : sum
  throw tooFar(model, 'sum', column.name)
}

function tooFar(model: Model, figure: string, name: string) {
  return wrong(model, `the ${figure} of "${name}" is beyond what a number holds: narrow the where`)
}
