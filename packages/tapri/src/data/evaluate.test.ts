import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { openCatalog } from './catalog.ts'
import { always, negate } from './condition.ts'
import { scratchDatabase } from './drivers/scratch.ts'
import { compareValues, matches, matchesAmong, mayMatch, type StoredRow } from './evaluate.ts'
import { belongsTo, bool, date, float, hasMany, int, list, model, oneOf, openDatabase, optional, text, time } from './index.ts'
import { compileWhere } from './where.ts'

const kinds = {
  word: text(),
  maybeWord: optional(text()),
  count: int(),
  maybeCount: optional(int()),
  score: float(),
  maybeScore: optional(float()),
  open: bool(),
  maybeOpen: optional(bool()),
  at: time(),
  maybeAt: optional(time()),
  day: optional(date()),
  state: oneOf(['draft', 'public']),
  words: optional(list(text())),
  numbers: list(int()),
  times: optional(list(time())),
}
const models = {
  boxes: model({ ...kinds, things: hasMany('things', 'box'), spares: hasMany('things', 'spare') }),
  things: model({ ...kinds, box: belongsTo('boxes'), spare: optional(belongsTo('boxes')) }),
}
const catalog = openCatalog(models, {}, Date.now)
const view = { everything: true, guard: () => always }

const words = fc.constantFrom(
  '',
  'a',
  'A',
  'ab',
  'ba',
  'b',
  '\u00e9',
  'e\u0301',
  '\u{1f3c6}',
  '\ue000',
  '\uffff',
  '%',
  '_',
  "'",
  'a\n',
)
const ints = fc.constantFrom(0, 1, -1, 2, 10, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER)
const floats = fc.oneof(
  fc.constantFrom(0, 0.1, 0.30000000000000004, -1.5, 1e300, 5e-324, 3),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
)
const times = fc.constantFrom(0, 1, -1, 1.7e12, 8.64e15).map((ms) => new Date(ms))
const days = fc.constantFrom('2026-01-01', '2025-12-31', '1999-06-15')
const states = fc.constantFrom('draft', 'public')
const nullable = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: null, freq: 3 })

const values: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  word: words,
  maybeWord: nullable(words),
  count: ints,
  maybeCount: nullable(ints),
  score: floats,
  maybeScore: nullable(floats),
  open: fc.boolean(),
  maybeOpen: nullable(fc.boolean()),
  at: times,
  maybeAt: nullable(times),
  day: nullable(days),
  state: states,
  words: nullable(fc.array(words, { maxLength: 3 })),
  numbers: fc.array(ints, { maxLength: 3 }),
  times: nullable(fc.array(times, { maxLength: 3 })),
}
const items = { words, numbers: ints, times }
const rows = fc.array(fc.record(values), { minLength: 1, maxLength: 8 })

function compareOf(name: string): fc.Arbitrary<unknown> {
  const plain = nullable(values[name] ?? words)
  if (name in items)
    return fc.oneof(record('has', Object.entries(items).find(([key]) => key === name)?.[1] ?? words), fc.constant(null))
  const lists = fc.array(plain, { maxLength: 4 })
  const ways = [plain, record('not', plain), record('in', lists), record('notIn', lists)]
  if (!name.toLowerCase().includes('open')) {
    ways.push(...['gt', 'gte', 'lt', 'lte'].map((sign) => record(sign, plain)), fc.record({ gte: plain, lt: plain }))
  }
  if (['word', 'maybeWord', 'day', 'state'].includes(name)) {
    ways.push(...['contains', 'startsWith', 'endsWith'].map((sign) => record(sign, words)))
  }
  return fc.oneof(...ways)
}

function record(key: string, value: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return value.map((each) => ({ [key]: each }))
}

const names = Object.keys(values)
const leaf = fc.constantFrom(...names).chain((name) => record(name, compareOf(name)))
const where: fc.Arbitrary<any> = fc.letrec<{ node: any }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, depthIdentifier: 'where' },
    leaf,
    fc.array(leaf, { maxLength: 3 }).map((parts) => Object.assign({}, ...parts)),
    record('and', fc.array(tie('node'), { maxLength: 3 })),
    record('or', fc.array(tie('node'), { maxLength: 3 })),
    record('not', tie('node')),
  ),
})).node

const scratch = await scratchDatabase(process.env.TEST_DATABASE_URL ?? 'sqlite::memory:')
const database = await openDatabase({ models, policies: [], url: scratch.url, migrate: 'auto' })
after(async () => {
  await database.close()
  await scratch.dispose()
})
// the conditions are generated, so their types are open
const system = database.systemDb<{ boxes: any; things: any }>()

async function fill(table: 'boxes' | 'things', given: readonly any[]): Promise<StoredRow[]> {
  const made: StoredRow[] = []
  for (const row of given) made.push(await system[table].create(row))
  return made
}

async function clear(): Promise<void> {
  for (const row of await system.things.find()) await system.things.delete(row.id)
  for (const row of await system.boxes.find()) await system.boxes.delete(row.id)
}

function modelOf(name: string) {
  const found = catalog.get(name)
  assert.ok(found)
  return found
}

const ids = (found: readonly { id: string }[]) => found.map(({ id }) => id).sort()

test('the database and the evaluator agree on every condition, and on its opposite', async () => {
  await fc.assert(
    fc.asyncProperty(rows, fc.array(where, { minLength: 4, maxLength: 12 }), async (given, wheres) => {
      await clear()
      const made = await fill('boxes', given)
      for (const each of wheres) {
        const condition = compileWhere(catalog, modelOf('boxes'), each, view)
        const expected = made.filter((row) => matches(condition, row))
        assert.deepEqual(ids(await system.boxes.find({ where: each })), ids(expected), JSON.stringify(each))
        assert.equal(await system.boxes.count({ where: each }), expected.length)
        const others = made.filter((row) => !expected.includes(row))
        assert.deepEqual(ids(made.filter((row) => matches(negate(condition), row))), ids(others))
        assert.deepEqual(ids(await system.boxes.find({ where: { not: each } })), ids(others), JSON.stringify({ not: each }))
      }
    }),
    { numRuns: 60 },
  )
})

test('a condition on a related row holds when that row matches, and one row alone never denies it', async () => {
  await fc.assert(
    fc.asyncProperty(rows, rows, where, where, fc.boolean(), async (some, more, own, others, spare) => {
      await clear()
      const boxes = await fill('boxes', some)
      const at = (index: number) => boxes[index % boxes.length]?.id
      const things = await fill(
        'things',
        more.map((row, index) => ({ ...row, box: at(index), spare: index % 2 === 0 ? at(index + 1) : null })),
      )
      const name = spare ? 'spare' : 'box'
      const ownCondition = compileWhere(catalog, modelOf('things'), own, view)
      const otherCondition = compileWhere(catalog, modelOf('boxes'), others, view)
      const isMatch = (row: StoredRow) => {
        const box = boxes.find(({ id }) => id === row[name])
        return matches(ownCondition, row) || (box !== undefined && matches(otherCondition, box))
      }
      const asked: any = { or: [own, { [name]: others }] }
      assert.deepEqual(ids(await system.things.find({ where: asked })), ids(things.filter(isMatch)))
      const opposite = things.filter((row) => !isMatch(row))
      assert.deepEqual(ids(await system.things.find({ where: { not: asked } })), ids(opposite))
      const condition = compileWhere(catalog, modelOf('things'), asked, view)
      for (const row of things.filter(isMatch)) assert.equal(mayMatch(condition, row), true)
      for (const row of opposite) assert.equal(mayMatch(negate(condition), row), true)
    }),
    { numRuns: 60 },
  )
})

/** Asks boxes for their things, and things for their boxes, and so on. */
const asking: fc.Arbitrary<any> = fc.letrec<{ boxes: any; things: any }>((tie) => {
  const many = fc.dictionary(fc.constantFrom('some', 'none', 'every'), tie('things'), { minKeys: 1, maxKeys: 2 })
  const limits = { maxDepth: 4, depthIdentifier: 'asking' }
  const boxes = [record('things', many), record('spares', many), record('not', tie('boxes'))]
  const things = [record('box', tie('boxes')), record('spare', tie('boxes')), record('not', tie('things'))]
  return {
    boxes: fc.oneof(limits, leaf, ...boxes, record('or', fc.array(tie('boxes'), { maxLength: 3 }))),
    things: fc.oneof(limits, leaf, ...things, record('and', fc.array(tie('things'), { maxLength: 3 }))),
  }
}).boxes

test('the database and the evaluator agree on what related rows say, through any number of relations', async () => {
  await fc.assert(
    fc.asyncProperty(rows, rows, fc.array(asking, { minLength: 4, maxLength: 12 }), async (some, more, wheres) => {
      await clear()
      const boxes = await fill('boxes', some)
      const at = (index: number) => boxes[index % boxes.length]?.id
      const things = await fill(
        'things',
        more.map((row, index) => ({ ...row, box: at(index * 3), spare: index % 2 === 0 ? at(index + 1) : null })),
      )
      const rowsOf = ({ name }: { name: string }) => (name === 'boxes' ? boxes : things)
      for (const each of wheres) {
        const condition = compileWhere(catalog, modelOf('boxes'), each, view)
        const expected = boxes.filter((row) => matchesAmong(condition, row, rowsOf))
        assert.deepEqual(ids(await system.boxes.find({ where: each })), ids(expected), JSON.stringify(each))
        const others = boxes.filter((row) => !expected.includes(row))
        assert.deepEqual(ids(await system.boxes.find({ where: { not: each } })), ids(others), JSON.stringify({ not: each }))
        for (const row of expected) assert.equal(mayMatch(condition, row), true)
      }
    }),
    { numRuns: 60 },
  )
})

test('the database and the evaluator put rows in the same order, and pages of any size give each row once', async () => {
  const order = fc.uniqueArray(
    fc.constantFrom(...names.filter((name) => !(name in items))).chain((name) => fc.constantFrom(name, `-${name}`)),
    { minLength: 1, maxLength: 3, selector: (name) => name.replace('-', '') },
  )
  await fc.assert(
    fc.asyncProperty(rows, order, fc.integer({ min: 1, max: 4 }), async (given, orderBy, limit) => {
      await clear()
      const made = await fill('boxes', given)
      const sorted = made.toSorted((one, other) => compareRows(one, other, orderBy)).map(({ id }) => id)
      const found = await system.boxes.find({ orderBy })
      assert.deepEqual(
        found.map(({ id }: StoredRow) => id),
        sorted,
      )
      const paged: string[] = []
      for (let next: string | null | undefined; next !== null; ) {
        const page = await system.boxes.page({ orderBy, limit, ...(next && { after: next }) })
        paged.push(...page.rows.map(({ id }: StoredRow) => id))
        next = page.next
      }
      assert.deepEqual(paged, sorted)
    }),
    { numRuns: 60 },
  )
})

function compareRows(one: StoredRow, other: StoredRow, orderBy: readonly string[]): number {
  const lastDown = orderBy.at(-1)?.startsWith('-') ? '-id' : 'id'
  for (const name of [...orderBy, lastDown]) {
    const key = name.replace('-', '')
    const difference = compareValues(plain(one[key]), plain(other[key]))
    if (difference !== 0) return name.startsWith('-') ? -difference : difference
  }
  return 0
}

function plain(value: unknown): string | number | boolean | null {
  if (value instanceof Date) return value.getTime()
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? value : null
}
