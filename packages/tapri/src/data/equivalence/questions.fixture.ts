import fc from 'fast-check'
import type { ModelPlan, Plan } from './shapes.fixture.ts'
import { searches } from './values.fixture.ts'
import { rowsAt, wheresOf } from './wheres.fixture.ts'
import type { Asker } from './world.fixture.ts'

/** Something to ask a table, in the words of its methods. */
export interface Question {
  readonly asker: Asker
  readonly model: string
  readonly method: 'find' | 'first' | 'get' | 'count' | 'pages' | 'groupBy' | 'figure'
  readonly query: any
}

const unsorted = new Set(['json', 'words', 'wholes', 'reals', 'moments', 'flags'])
const added = ['few', 'half']

/** Arbitrary questions about the rows of a plan. */
export function questionsOf(plan: Plan): fc.Arbitrary<Question> {
  const wheres = wheresOf(plan)
  const byName = new Map(plan.map((each) => [each.name, each]))
  const where = (name: string) => wheres[name] ?? fc.constant({})
  const each = plan.flatMap((model): fc.Arbitrary<Question>[] => {
    const { name } = model
    const ask = (weight: number, method: Question['method'], query: fc.Arbitrary<any>) => {
      const question = fc.record({ asker: askers, model: fc.constant(name), method: fc.constant(method), query })
      return Array.from({ length: weight }, () => question)
    }
    const rows = { where: where(name), withDeleted: fc.constant(true), ...(model.search.length > 0 && { search: searches }) }
    const shown = { select: selectionOf(model), with: loadingOf(model, byName, where, 2) }
    const sorted = { orderBy: orderOf(model), limit: fc.integer({ min: 1, max: 4 }) }
    const any = { requiredKeys: [] }
    return [
      ...ask(6, 'find', fc.record({ where: where(name) })),
      ...ask(4, 'find', fc.record({ ...rows, ...shown, ...sorted, page: fc.integer({ min: 1, max: 3 }) }, any)),
      ...ask(1, 'first', fc.record({ ...rows, ...shown, orderBy: orderOf(model) }, any)),
      ...ask(1, 'get', fc.record({ id: rowsAt(name), query: fc.option(fc.record(shown, any), { nil: undefined }) })),
      ...ask(2, 'count', fc.record(rows, any)),
      ...ask(2, 'pages', fc.record({ ...rows, ...sorted }, { requiredKeys: ['limit'] })),
      ...ask(2, 'groupBy', groupingOf(model, where(name))),
      ...ask(1, 'figure', figureOf(model, where(name))),
    ]
  })
  return fc.oneof(...each).map((question) => (question.asker === 'system' ? question : asCaller(question)))
}

const askers = fc.constantFrom<Asker>('system', 'caller')

/** Only `asSystem` may ask for what is deleted. */
function asCaller(question: Question): Question {
  const { withDeleted: _, ...query } = question.query
  return { ...question, query }
}

function orderOf(model: ModelPlan): fc.Arbitrary<unknown> {
  const names = ['id', ...model.fields.filter(({ kind }) => !unsorted.has(kind)).map(({ name }) => name)]
  names.push(...model.references.map(({ name }) => name))
  const one = fc.constantFrom(...names).chain((name) => fc.constantFrom(name, `-${name}`))
  return fc.oneof(one, fc.uniqueArray(one, { minLength: 1, maxLength: 3, selector: (name) => name.replace('-', '') }))
}

function selectionOf(model: ModelPlan): fc.Arbitrary<unknown> {
  const names = [...model.fields, ...model.references].map(({ name }) => name)
  return fc
    .subarray(names, { maxLength: Math.min(4, names.length) })
    .map((some) => Object.fromEntries(some.map((name) => [name, true])))
}

function loadingOf(
  model: ModelPlan,
  byName: ReadonlyMap<string, ModelPlan>,
  where: (name: string) => fc.Arbitrary<unknown>,
  depth: number,
): fc.Arbitrary<unknown> {
  const relations: Record<string, fc.Arbitrary<unknown>> = {}
  const nested = (name: string) => {
    const target = byName.get(name)
    if (target === undefined || depth === 0) return {}
    return { select: selectionOf(target), with: loadingOf(target, byName, where, depth - 1) }
  }
  for (const { name, target } of model.references) {
    relations[name] = fc.oneof(fc.constant(true), fc.record(nested(target), { requiredKeys: [] }))
  }
  for (const { name, target } of [...model.many, ...model.linked]) {
    const of = byName.get(target)
    const order = of === undefined ? fc.constant('id') : orderOf(of)
    const bounds = { where: where(target), orderBy: order, limit: fc.integer({ min: 1, max: 3 }), ...nested(target) }
    relations[name] = fc.oneof(fc.constant(true), fc.record(bounds, { requiredKeys: [] }))
  }
  return fc.record(relations, { requiredKeys: [] })
}

function groupingOf(model: ModelPlan, where: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const numbers = model.fields.filter(({ kind }) => added.includes(kind)).map(({ name }) => name)
  const sorted = model.fields.filter(({ kind }) => !unsorted.has(kind) && kind !== 'flag').map(({ name }) => name)
  const able = [...model.fields.filter(({ kind }) => !unsorted.has(kind)), ...model.references].map(({ name }) => name)
  const figures = ['count', ...numbers.flatMap((name) => [`sum.${name}`, `avg.${name}`])]
  figures.push(...sorted.flatMap((name) => [`min.${name}`, `max.${name}`]))
  const having = {
    count: fc.record({ gte: fc.integer({ min: 0, max: 3 }) }),
    sum: fc.constantFrom({ few: { lt: 5 } }, { few: 0 }, { few: { not: 1 } }),
    avg: fc.constantFrom({ few: null }, { few: { not: null } }, { few: { gt: 0 } }),
    min: fc.constantFrom({ sentence: { gte: 'a' } }, { few: { lte: 0 } }, { sentence: { not: '' } }),
  }
  return fc.record(
    {
      by: fc.subarray(able, { maxLength: Math.min(3, able.length) }),
      where,
      count: fc.constant(true),
      sum: fc.subarray(numbers),
      avg: fc.subarray(numbers),
      min: fc.subarray(sorted),
      max: fc.subarray(sorted),
      orderBy: fc.array(
        fc.constantFrom(...figures).chain((name) => fc.constantFrom(name, `-${name}`)),
        { maxLength: 3 },
      ),
      having: fc.record(having, { requiredKeys: [] }),
      limit: fc.integer({ min: 1, max: 5 }),
    },
    { requiredKeys: ['by', 'count'] },
  )
}

function figureOf(model: ModelPlan, where: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const sorted = model.fields.filter(({ kind }) => !unsorted.has(kind) && kind !== 'flag').map(({ name }) => name)
  const figure = fc.oneof(
    fc.record({ kind: fc.constantFrom('sum', 'avg'), field: fc.constant('few') }),
    fc.record({ kind: fc.constantFrom('min', 'max'), field: fc.constantFrom(...sorted) }),
  )
  return fc.record({ figure, where })
}
