import type { Model } from './catalog.ts'
import { wrong } from './compare.ts'
import { all } from './condition.ts'
import type { Scope } from './engine.ts'
import { type Asked, type Figure, figureOf, readGrouping } from './figures.ts'
import { readParts } from './query.ts'
import { compileWhere } from './where.ts'

export type FigureKind = 'sum' | 'avg' | 'min' | 'max'

/** Groups of the rows that may be read, each an object of its values and figures. */
export async function groupBy(scope: Scope, model: Model, given: unknown): Promise<Record<string, unknown>[]> {
  const asked = readGrouping(model, given, scope.everything)
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
  const [values] = await readGroups(scope, model, asked)
  return values?.[0]
}

async function readGroups(scope: Scope, model: Model, { where, ...asked }: Asked): Promise<unknown[][]> {
  const condition = all([compileWhere(scope.engine.catalog, model, where, scope), scope.allowed(model, 'read')])
  const reader = scope.reader()
  scope.remember(model, condition)
  if (reader.groups === undefined) throw wrong(model, 'this database cannot put rows into groups')
  const groups = await reader.groups({ model, condition, ...asked })
  return groups.map((values) => values.map((value, at) => exact(model, asked.figures[at - asked.by.length], value)))
}

/** Sums of whole numbers come as text: one beyond what a number holds is said, not rounded. */
function exact(model: Model, figure: Figure | undefined, value: unknown): unknown {
  if (figure?.kind !== 'sum') return value
  const sum = Number(value ?? 0)
  const isWhole = figure.column.facts.kind === 'int'
  if (isWhole ? Number.isSafeInteger(sum) : Number.isFinite(sum)) return sum === 0 ? 0 : sum
  throw wrong(model, `the sum of "${figure.column.name}" is beyond what a number holds: narrow the where`)
}
