import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decimalOf, partsOf } from '../kit/decimal.ts'
import { compileFields, fieldSchema } from '../schema/index.ts'
import { scratchDatabase } from './drivers/scratch.ts'
import { add, type Change, type Decimal, decimal, list, model, openDatabase, optional, type Policy, text } from './index.ts'
import { servers } from './servers.fixture.ts'

const models = {
  goods: model(
    {
      name: text(),
      price: decimal({ precision: 8, scale: 2, min: '-1000', default: '0' }),
      weight: optional(decimal({ scale: 3 })),
      whole: optional(decimal({ precision: 15, scale: 0 })),
      steps: optional(list(decimal({ scale: 1 }))),
    },
    { unique: [['name', 'price']] },
  ),
}
const policies: readonly Policy[] = [
  { model: 'goods', rules: { read: ({ rows }: any) => rows({ price: { lt: '100' } }), create: () => true, update: () => true } },
]

async function open(server = 'sqlite:') {
  const scratch = await scratchDatabase(server)
  const database = await openDatabase({ models, policies, url: scratch.url, migrate: 'auto' })
  return {
    database,
    db: database.systemDb<typeof models>(),
    async [Symbol.asyncDispose]() {
      await database.close()
      await scratch.dispose()
    },
  }
}

test('a decimal is text with all its digits, in and out', async () => {
  await using shop = await open()
  const { goods } = shop.db
  const row = await goods.create({ name: 'Tea', price: '12.3', weight: '0.25', whole: 7n, steps: ['1', '2.5'] })
  assert.deepEqual(
    { ...row, id: '' },
    { id: '', name: 'Tea', price: '12.30', weight: '0.250', whole: '7', steps: ['1.0', '2.5'] },
  )
  assert.deepEqual(await goods.get(row.id), row)
  assert.deepEqual(await goods.find({ select: { price: true } }), [{ id: row.id, price: '12.30' }])
  assert.equal((await goods.create({ name: 'Free' })).price, '0.00')
  assert.equal((await goods.update(row.id, { price: '-0.5' })).price, '-0.50')
})

test('what would have to be rounded is refused, and so are numbers', async () => {
  await using shop = await open()
  const goods: any = shop.db.goods
  const refusals: readonly [unknown, string][] = [
    ['1.005', 'price must have at most 2 digits after the point, it is 1.005'],
    ['1.', 'price must be a decimal in text, like "1.00"'],
    [1.5, 'price must be a decimal in text'],
    ['1e3', 'price must be a decimal in text'],
    ['1000000', 'price must have at most 6 digits before the point'],
    ['-1000.01', 'price must be at least -1000.00, it is -1000.01'],
  ]
  for (const [price, message] of refusals) {
    await assert.rejects(goods.create({ name: 'x', price }), (error: any) => {
      assert.equal(error.code, 'TAPRI_INVALID')
      assert.ok(error.message.includes(message), error.message)
      return true
    })
  }
  assert.equal((await goods.create({ name: 'x', price: '999999.99' })).price, '999999.99')
  await assert.rejects(goods.find({ where: { price: 12 } }), { code: 'TAPRI_DATA_QUERY' })
  await assert.rejects(goods.find({ where: { price: { gt: '0.001' } } }), { code: 'TAPRI_DATA_QUERY' })
  await assert.rejects(goods.find({ where: { price: { startsWith: '1' } } }), { code: 'TAPRI_DATA_QUERY' })
})

test('decimal() itself is refused when its digits are impossible', () => {
  assert.throws(() => decimal({ precision: 16 }), { code: 'TAPRI_KIT_DECIMAL' })
  assert.throws(() => decimal({ precision: 2, scale: 3 }), { code: 'TAPRI_KIT_DECIMAL' })
  assert.throws(() => decimal({ scale: 2, min: '0.001' }), { code: 'TAPRI_KIT_DECIMAL' })
})

test('paths, queries and JSON take a decimal alike, and its schema is a pattern of just what is accepted', () => {
  const field = decimal({ precision: 4, scale: 2 })
  const checks = (['json', 'text'] as const).map((source) => compileFields({ price: field }, { source }))
  const writes = new RegExp(String(fieldSchema(field['~field'], 'write').pattern))
  const reads = new RegExp(String(fieldSchema(field['~field'], 'read').pattern))
  for (const value of ['0', '1.5', '-12.34', '99.99', '100', '1.234', '012', '', '1.', 'x', '-0.00']) {
    for (const check of checks) {
      const outcome = check({ price: value })
      assert.equal('value' in outcome, writes.test(value), value)
      if ('value' in outcome) assert.match(String(outcome.value.price), reads)
    }
  }
})

test('a changed decimal is in the change log as the parts that are stored', async () => {
  await using shop = await open()
  const changes: Change[] = []
  shop.database.changes.subscribe((commit) => changes.push(...commit.changes))
  await shop.db.goods.create({ name: 'Tea', price: '12.30' })
  assert.equal(changes[0]?.after?.price, 1230)
})

const prices = fc.array(
  fc.record({
    price: fc.bigInt({ min: -100_000n, max: 99_999_999n }),
    weight: fc.option(fc.bigInt({ min: -(10n ** 15n) + 1n, max: 10n ** 15n - 1n })),
  }),
  { maxLength: 12 },
)

for (const { kind, server } of servers) {
  test(`what ${kind} compares, orders, pages, adds and groups is what BigInt would`, async () => {
    await using shop = await open(server)
    const { goods } = shop.db
    const caller = shop.database.asCaller<typeof models>({ user: null })
    await fc.assert(
      fc.asyncProperty(prices, fc.bigInt({ min: -100_000n, max: 99_999_999n }), async (rows, bound) => {
        await goods.deleteWhere({})
        const seen = new Set<bigint>()
        const kept = rows.filter(({ price }) => !seen.has(price) && seen.add(price))
        await goods.createMany(
          kept.map(({ price, weight }) => ({
            name: 'x',
            price: decimalOf(price, 2),
            weight: weight === null ? null : decimalOf(weight, 3),
          })),
        )
        const texts = (values: readonly bigint[]) =>
          values.toSorted((one, other) => (one < other ? -1 : 1)).map((value) => decimalOf(value, 2))
        const all = kept.map(({ price }) => price)
        const at = decimalOf(bound, 2)

        const over = await goods.find({ where: { price: { gt: at } }, orderBy: 'price' })
        assert.deepEqual(
          over.map(({ price }) => price),
          texts(all.filter((price) => price > bound)),
        )
        assert.equal(await goods.count({ where: { price: { in: [at] } } }), all.filter((price) => price === bound).length)
        assert.deepEqual(await pagedPrices(goods), texts(all))
        assert.equal(await goods.sum('price'), decimalOf(sumOf(all), 2))
        assert.equal(await goods.max('price'), texts(all).at(-1) ?? null)
        assert.equal(await caller.goods.count(), all.filter((price) => price < 10_000n).length)

        const weights = kept.map(({ weight }) => weight).filter((weight) => weight !== null)
        const [total] = await goods.groupBy({ by: [], sum: ['weight'], min: ['weight'], avg: ['weight'] })
        assert.equal(total?.sum.weight, decimalOf(sumOf(weights), 3))
        const average = weights.length === 0 ? null : Number(sumOf(weights)) / weights.length / 1000
        if (average === null) assert.equal(total?.avg.weight, null)
        else assert.ok(Math.abs((total?.avg.weight ?? Number.NaN) - average) <= Math.abs(average) * 1e-12)
        const groups = await goods.groupBy({ by: ['price'], having: { sum: { price: { gte: at } } }, orderBy: '-price' })
        assert.deepEqual(
          groups.map(({ price }) => price),
          texts(all.filter((price) => price >= bound)).reverse(),
        )
      }),
      { numRuns: server === 'sqlite:' ? 60 : 15 },
    )
  })

  test(`additions at once all count, to the last digit, on ${kind}`, async () => {
    await using shop = await open(server)
    const { goods } = shop.db
    const tea = await goods.create({ name: 'Tea', price: '0.10' })
    await Promise.all(Array.from({ length: 10 }, () => goods.update(tea.id, { price: add('0.10') })))
    assert.equal((await goods.get(tea.id)).price, '1.10')
    await assert.rejects(goods.update(tea.id, { price: add(0.1) as never }), { code: 'TAPRI_INVALID' })
    await assert.rejects(goods.update(tea.id, { price: add('1000000') }), { code: 'TAPRI_INVALID' })
    const [, again] = await Promise.all([
      goods.upsert({ name: 'Tea', price: '1.1', weight: '2' }, { on: ['name', 'price'] }),
      goods.upsert({ name: 'Tea', price: '1.10', weight: '2.000' }, { on: ['name', 'price'] }),
    ])
    assert.deepEqual([again.id, again.weight], [tea.id, '2.000'])
    assert.equal(await goods.count({ where: { steps: { has: '1' as Decimal } } }), 0)
    await goods.update(tea.id, { steps: ['1'] })
    assert.equal(await goods.count({ where: { steps: { has: '1' } } }), 1)
  })
}

async function pagedPrices(goods: { page(query: any): Promise<any> }): Promise<string[]> {
  const found: string[] = []
  for (let after: string | null | undefined; after !== null; ) {
    const page = await goods.page({ orderBy: 'price', limit: 3, ...(after !== undefined && { after }) })
    found.push(...page.rows.map(({ price }: { price: string }) => price))
    after = page.next
  }
  return found
}

function sumOf(values: readonly bigint[]): bigint {
  return values.reduce((sum, value) => sum + value, 0n)
}

test('half an average is compared as it is written', async () => {
  await using shop = await open()
  const { goods } = shop.db
  await goods.createMany([
    { name: 'a', price: '1.10' },
    { name: 'b', price: '1.10' },
  ])
  assert.equal((await goods.groupBy({ by: ['price'], having: { avg: { price: 1.1 } } })).length, 1)
  assert.equal(await goods.avg('price'), 1.1)
  assert.equal(partsOf(await goods.sum('price'), 2), 220n)
})
