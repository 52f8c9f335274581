import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import fc from 'fast-check'
import { openCatalog } from './catalog.ts'
import { always, negate } from './condition.ts'
import { scratchDatabase } from './drivers/scratch.ts'
import { matches, type StoredRow } from './evaluate.ts'
import { json, model, openDatabase, optional } from './index.ts'
import { compileWhere } from './where.ts'

const models = {
  boxes: model({
    any: optional(json()),
    must: json<unknown>(),
    settings: optional(json<{ theme?: string; sizes?: readonly number[] }>()),
  }),
}
const catalog = openCatalog(models, {}, Date.now)
const scratch = await scratchDatabase(process.env.TEST_DATABASE_URL ?? 'sqlite::memory:')
const database = await openDatabase({ models, policies: [], url: scratch.url, migrate: 'auto' })
after(async () => {
  await database.close()
  await scratch.dispose()
})
const { boxes } = database.systemDb<typeof models>()

test('a path leads into objects by name and into lists by place; what is not there is null', async () => {
  await boxes.createMany([
    { any: 1, must: 1, settings: { theme: 'dark', sizes: [1, 2] } },
    { any: 2, must: 1, settings: { theme: 'light' } },
    { any: 3, must: 1, settings: null },
    { any: 4, must: 1, settings: {} },
  ])
  const found = async (where: any) => (await boxes.find({ where, orderBy: 'id' })).map(({ any }) => any)
  assert.equal(await boxes.count({ where: { settings: { path: ['theme'], equals: 'dark' } } }), 1)
  assert.deepEqual(await found({ settings: { path: ['sizes', 1], equals: 2 } }), [1])
  assert.deepEqual(await found({ settings: { path: ['sizes', '1'], equals: 2 } }), [])
  assert.deepEqual(await found({ settings: { path: ['theme'], equals: null } }), [3, 4])
  assert.deepEqual(await found({ not: { settings: { path: ['theme'], equals: 'dark' } } }), [2, 3, 4])
  assert.deepEqual(await found({ settings: { path: ['sizes'], equals: '[1,2]' } }), [])
  assert.deepEqual(await found({ settings: null }), [3])
  await boxes.deleteWhere({})
})

test('paths and values that mean nothing alike everywhere are refused', async () => {
  const wheres: any[] = [
    { settings: { path: [], equals: 1 } },
    { settings: { path: 'theme', equals: 1 } },
    { settings: { path: [''], equals: 1 } },
    { settings: { path: ['a"b'], equals: 1 } },
    { settings: { path: ['a\\b'], equals: 1 } },
    { settings: { path: [-1], equals: 1 } },
    { settings: { path: [1.5], equals: 1 } },
    { settings: { path: ['theme'] } },
    { settings: { path: ['theme'], equals: {} } },
    { settings: { path: ['theme'], equals: Number.NaN } },
    { settings: { path: ['theme'], equals: 1, gt: 2 } },
    { settings: { theme: 'dark' } },
    { settings: { path: Array.from({ length: 11 }, () => 'a'), equals: 1 } },
  ]
  for (const where of wheres) await assert.rejects(boxes.find({ where }), { code: 'TAPRI_DATA_QUERY' }, JSON.stringify(where))
})

test('a required JSON field is not null', async () => {
  for (const must of [null, { toJSON: () => null }]) {
    await assert.rejects(boxes.create({ any: 1, must }), { code: 'TAPRI_INVALID', status: 422 })
  }
})

test('JSON that a database cannot look into is refused, so that one row never breaks the questions of others', async () => {
  const nested = (levels: number): unknown => (levels === 0 ? 1 : [nested(levels - 1)])
  const texts = ['x\ud800', 'x\0']
  const refused: readonly (readonly [unknown, string])[] = [
    ...texts.map((text) => [{ theme: text }, text === 'x\0' ? 'NUL' : 'Unicode'] as const),
    ...texts.map((text) => [[{ [text]: 1 }], text === 'x\0' ? 'NUL' : 'Unicode'] as const),
    [nested(501), '500 levels'],
  ]
  for (const [any, word] of refused) {
    const why = { code: 'TAPRI_INVALID', status: 422, message: new RegExp(`any must .*${word}`) }
    await assert.rejects(boxes.create({ any, must: 1 }), why)
  }
  const { id } = await boxes.create({ any: nested(30), must: 1 })
  await assert.rejects(boxes.update(id, { any: { theme: 'x\ud800' } }), { code: 'TAPRI_INVALID' })
  assert.equal(await boxes.count({ where: { not: { any: { path: [0, 0], equals: 1 } } } }), 1)
  await boxes.delete(id)
})

const name = fc.constantFrom('a', 'b', '0', '1', 'é', '$', '.', '[0]', "'", 'a b', '\u{1f3c6}', 'length', '__proto__')
const plain = fc.constantFrom<unknown>(
  null,
  true,
  false,
  0,
  1,
  -1.5,
  0.1,
  1e21,
  5e-324,
  '',
  'a',
  '1',
  'true',
  'null',
  '"',
  '\\',
  '\n',
  'é',
  '\u{1f3c6}',
  '\u2028',
)
const tree: fc.Arbitrary<unknown> = fc.letrec<{ node: unknown }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'json' },
    plain,
    fc.array(tie('node'), { maxLength: 3 }),
    fc.array(fc.tuple(name, tie('node')), { maxLength: 3 }).map(Object.fromEntries),
  ),
})).node
const path = fc.array(fc.oneof(name, fc.constantFrom(0, 1)), { minLength: 1, maxLength: 3 })
const asked = fc.array(fc.record({ path, equals: plain }), { minLength: 5, maxLength: 20 })

test('the database and the evaluator agree on every path of every JSON', async () => {
  const known = catalog.get('boxes')
  assert.ok(known)
  const view = { everything: true, guard: () => always }
  await fc.assert(
    fc.asyncProperty(fc.array(tree, { minLength: 1, maxLength: 8 }), asked, async (trees, questions) => {
      await boxes.deleteWhere({})
      const made: StoredRow[] = await boxes.createMany(trees.map((any) => ({ any, must: 1 })))
      for (const any of questions) {
        const where: any = { any }
        const condition = compileWhere(catalog, known, where, view)
        const expected = made.filter((row) => matches(condition, row)).map(({ id }) => id)
        assert.deepEqual(
          (await boxes.find({ where })).map(({ id }) => id),
          expected,
          JSON.stringify(any),
        )
        const others = made.filter((row) => matches(negate(condition), row)).map(({ id }) => id)
        assert.deepEqual(
          (await boxes.find({ where: { not: where } })).map(({ id }) => id),
          others,
          JSON.stringify(any),
        )
      }
    }),
    { numRuns: 100 },
  )
})
