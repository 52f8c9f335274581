import fc from 'fast-check'
import type { ModelPlan, Plan } from './shapes.fixture.ts'
import { jsonLeaves, jsonNames, kinds, searches, texts } from './values.fixture.ts'

/** The id of a row that is known only when it has been made: the one at this place, counted round. */
export class RowAt {
  readonly model: string
  readonly place: number

  constructor(model: string, place: number) {
    this.model = model
    this.place = place
  }
}

export const rowsAt = (model: string) => fc.nat(9).map((place) => new RowAt(model, place))
export const nullable = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: null, freq: 4 })

function record(key: string, value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return value.map((each) => ({ [key]: each }))
}

const ordered = new Set(['word', 'sentence', 'state', 'day', 'whole', 'few', 'real', 'half', 'moment'])
const textual = new Set(['word', 'sentence', 'state', 'day'])
const parts: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  sentence: searches,
  state: fc.constantFrom('d', 'D', 'raft', 'ic', ''),
  day: fc.constantFrom('20', '-01-', '9', '01', ''),
}

function comparisonOf(kind: string): fc.Arbitrary<unknown> {
  const { values, items } = kinds[kind] ?? { values: texts }
  if (items !== undefined) return fc.oneof({ weight: 3, arbitrary: record('has', nullable(items)) }, fc.constant(null))
  if (kind === 'json') {
    const path = fc.array(fc.oneof(jsonNames, fc.nat(2)), { minLength: 1, maxLength: 3 })
    return fc.oneof({ weight: 5, arbitrary: fc.record({ path, equals: jsonLeaves }) }, fc.constant(null))
  }
  const plain = nullable(values)
  const several = fc.array(plain, { maxLength: 4 })
  const ways = [plain, record('not', plain), record('in', several), record('notIn', several)]
  if (ordered.has(kind)) {
    ways.push(...['gt', 'gte', 'lt', 'lte'].map((sign) => record(sign, plain)), fc.record({ gte: plain, lt: plain }))
  }
  if (textual.has(kind)) {
    const part = parts[kind] ?? texts
    ways.push(...['contains', 'startsWith', 'endsWith'].map((sign) => record(sign, part)))
  }
  return fc.oneof(...ways)
}

/** Arbitrary conditions on the rows of each model of a plan, by its name. */
export function wheresOf(plan: Plan): Readonly<Record<string, fc.Arbitrary<any>>> {
  return fc.letrec((tie) => Object.fromEntries(plan.map((each) => [each.name, whereOf(each, tie)])))
}

function whereOf(model: ModelPlan, tie: (name: string) => fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const { name, fields, references, many, linked } = model
  const ids = rowsAt(name)
  const leaves = [
    ...fields.map((field) => record(field.name, comparisonOf(field.kind))),
    record('id', fc.oneof(ids, record('in', fc.array(ids, { maxLength: 3 })), record('not', ids))),
    ...references.map((each) => record(each.name, namingOf(each.target))),
  ]
  const leaf = fc.oneof(...leaves)
  const self = tie(name)
  const nested: fc.Arbitrary<unknown>[] = [
    record('and', fc.array(self, { maxLength: 3 })),
    record('or', fc.array(self, { maxLength: 3 })),
    record('not', self),
    ...references.map((each) => record(each.name, tie(each.target))),
    ...[...many, ...linked].map((each) => record(each.name, askingMany(tie(each.target)))),
  ]
  const joined = fc.array(leaf, { maxLength: 3 }).map((some) => Object.assign({}, ...some))
  return fc.oneof({ maxDepth: 4, depthIdentifier: 'where' }, leaf, joined, ...nested)
}

function namingOf(target: string): fc.Arbitrary<unknown> {
  const id = nullable(rowsAt(target))
  const several = fc.array(id, { maxLength: 3 })
  return fc.oneof(id, record('in', several), record('notIn', several), record('not', id))
}

function askingMany(where: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.dictionary(fc.constantFrom('some', 'none', 'every'), where, { minKeys: 1, maxKeys: 2, noNullPrototype: true })
}
