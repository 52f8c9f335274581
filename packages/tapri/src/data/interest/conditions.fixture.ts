import fc from 'fast-check'
import { openCatalog } from '../catalog.ts'
import type { Change } from '../changes.ts'
import { all, always, any, type Condition, equal, negate, never, within } from '../condition.ts'
import { belongsTo, bool, float, hasMany, int, json, list, model, optional, softDelete, text, time } from '../index.ts'
import type { ReadEntry } from '../read-set.ts'

const models = {
  people: model({ name: text(), age: int(), boxes: hasMany('boxes', 'owner') }),
  boxes: model(
    {
      word: text(),
      maybe: optional(text()),
      count: int(),
      half: optional(float()),
      open: bool(),
      at: optional(time()),
      tags: optional(list(text())),
      data: optional(json()),
      owner: optional(belongsTo('people', { onDelete: 'null' })),
      parent: optional(belongsTo('boxes', { onDelete: 'null' })),
      inside: hasMany('boxes', 'parent'),
      deletedAt: softDelete(),
    },
    { search: ['word', 'maybe'] },
  ),
}
const catalog = openCatalog(models, {}, () => 0)
const boxes = modelOf('boxes')
const people = modelOf('people')

function modelOf(name: string) {
  const found = catalog.get(name)
  if (found === undefined) throw new Error(`No model is called ${name}`)
  return found
}

export function columnOf(name: string, of = boxes) {
  const column = of.column.get(name)
  if (column === undefined) throw new Error(`No column is called ${name}`)
  return column
}

// few enough that conditions and rows meet; the trophy sorts after U+E000 by code point and before it by its units
const ids = fc.constantFrom('1', '2', '3')
const words = fc.constantFrom('', 'a', 'A', 'b', 'tea', 'tea time', '\u{1f3c6}', '\ue000', '1')
const wholes = fc.integer({ min: -1, max: 4 })
const halves = fc.constantFrom(-1.5, 0, 0.5, 2)
const moments = fc.constantFrom(0, 1, 1.7e12)
const orNull = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: null, freq: 3 })
const jsons = fc.constantFrom(null, { a: 1 }, { a: null, b: ['x'] }, ['x'], 1, 'x')

/** What the values of a column are compared with. */
const compared: Readonly<Record<string, fc.Arbitrary<string | number>>> = {
  id: ids,
  word: words,
  maybe: words,
  count: wholes,
  half: halves,
  at: moments,
  owner: ids,
  parent: ids,
}
const nullable = ['maybe', 'half', 'at', 'owner', 'parent']
const signs = fc.constantFrom('gt', 'gte', 'lt', 'lte')
const names = fc.constantFrom(...Object.keys(compared))
const valuesOf = (name: string) => compared[name] ?? words

const equals = names.chain((name) => {
  const values = nullable.includes(name) ? orNull(valuesOf(name)) : valuesOf(name)
  return fc.tuple(values, fc.boolean()).map(([value, negated]) => equal(columnOf(name), value, negated))
})
const several = names.chain((name) =>
  fc.array(orNull(valuesOf(name)), { maxLength: 4 }).map((some) => within(columnOf(name), some)),
)
const orders = names.chain((name) =>
  fc.record({ kind: fc.constant('order' as const), column: fc.constant(columnOf(name)), sign: signs, value: valuesOf(name) }),
)
const truths = fc.oneof(
  fc.boolean().map((value) => equal(columnOf('open'), value)),
  fc.record({ kind: fc.constant('order' as const), column: fc.constant(columnOf('open')), sign: signs, value: fc.nat(1) }),
  fc.boolean().map((negated) => equal(columnOf('deletedAt'), null, negated)),
)
const texts = fc.record({
  kind: fc.constant('text' as const),
  column: fc.constantFrom(columnOf('word'), columnOf('maybe')),
  sign: fc.constantFrom('contains', 'startsWith', 'endsWith'),
  value: words,
  negated: fc.boolean(),
})
const items = fc.record({
  kind: fc.constant('has' as const),
  column: fc.constant(columnOf('tags')),
  value: words,
  negated: fc.boolean(),
})
const paths = fc.record({
  kind: fc.constant('json' as const),
  column: fc.constant(columnOf('data')),
  path: fc.constantFrom(['a'], ['b', 0], [0]),
  value: fc.constantFrom(null, 1, 'x'),
  negated: fc.boolean(),
})
const searches = fc.record({
  kind: fc.constant('search' as const),
  model: fc.constant(boxes),
  fields: fc.constant(boxes.search),
  words: fc.subarray(['tea', 'ti', 'a'], { minLength: 1 }),
  negated: fc.boolean(),
})
const ranks = fc.record({ kind: fc.constant('rank' as const), of: searches, sign: signs, value: fc.nat(4) })

const ages = fc.record({
  kind: fc.constant('order' as const),
  column: fc.constant(columnOf('age', people)),
  sign: signs,
  value: wholes,
})

/** Conditions of all kinds on boxes. */
export const conditions: fc.Arbitrary<Condition> = fc.letrec<{ one: Condition }>((tie) => ({
  one: fc.oneof(
    { maxDepth: 3 },
    ...[equals, several, orders, orders, truths, texts, items, paths, searches, ranks],
    fc.constantFrom(always, never),
    fc.array(tie('one'), { minLength: 2, maxLength: 4 }).map(all),
    fc.array(tie('one'), { minLength: 2, maxLength: 4 }).map(all),
    fc.array(tie('one'), { minLength: 2, maxLength: 3 }).map(any),
    tie('one').map(negate),
    fc.record({
      kind: fc.constant('related' as const),
      column: fc.constant(columnOf('owner')),
      target: fc.constant(people),
      of: ages,
      negated: fc.boolean(),
    }),
    fc.record({
      kind: fc.constant('some' as const),
      by: fc.constant(columnOf('parent')),
      target: fc.constant(boxes),
      of: tie('one'),
      negated: fc.boolean(),
    }),
  ),
})).one

/** Boxes with one of these words, and a count within bounds: they meet in few buckets, each with many intervals. */
export const intervals: fc.Arbitrary<Condition> = fc
  .record({
    word: fc.option(fc.constantFrom('a', 'b')),
    column: fc.constantFrom('count', 'maybe'),
    signs: fc.array(signs, { minLength: 1, maxLength: 2 }),
  })
  .chain(({ word, column, signs }) =>
    fc.array(valuesOf(column), { minLength: signs.length, maxLength: signs.length }).map((bounds) => {
      const parts = signs.map(
        (sign, at): Condition => ({ kind: 'order', column: columnOf(column), sign, value: bounds[at] ?? 0 }),
      )
      return all(word === null ? parts : [equal(columnOf('word'), word), ...parts])
    }),
  )

const { id, ...fields } = {
  id: ids,
  word: words,
  maybe: orNull(words),
  count: wholes,
  half: orNull(halves),
  open: fc.boolean(),
  at: orNull(moments.map((each) => new Date(each))),
  tags: orNull(fc.array(words, { maxLength: 3 })),
  data: jsons,
  owner: orNull(ids),
  parent: orNull(ids),
  deletedAt: orNull(moments.map((each) => new Date(each))),
}
const rows = fc.record({ id, ...fields })
const updates = fc.tuple(rows, fc.record(fields, { requiredKeys: [] })).map(([before, part]) => {
  // nothing is shared with the row before: whoever read the log has rows of its own
  const after = { ...structuredClone(before), ...part }
  return { model: 'boxes', id: before.id, before, after }
})
const birthdays = fc
  .record({ id: ids, name: words, age: wholes })
  .chain((before) => wholes.map((age) => ({ model: 'people', id: before.id, before, after: { ...before, age } })))

/** Rows that are made, changed and deleted, and models of which nothing is known. */
export const changes: fc.Arbitrary<Change> = fc.oneof(
  { weight: 12, arbitrary: updates },
  { weight: 3, arbitrary: rows.map((after) => ({ model: 'boxes', id: after.id, before: null, after })) },
  { weight: 3, arbitrary: rows.map((before) => ({ model: 'boxes', id: before.id, before, after: null })) },
  { weight: 3, arbitrary: birthdays },
  {
    weight: 1,
    arbitrary: fc.constantFrom('boxes', 'people', 'others').map((model) => ({ model, id: '', before: null, after: null })),
  },
)

const shown = fc.subarray(['id', ...Object.keys(fields)], { maxLength: 4 }).map((some) => new Set(some))

/** Reads that go by these conditions, of all columns or of some. */
export function entriesOf(of: fc.Arbitrary<Condition>): fc.Arbitrary<ReadEntry> {
  return fc.record({ model: fc.constant('boxes'), condition: of, columns: shown }, { requiredKeys: ['model', 'condition'] })
}
