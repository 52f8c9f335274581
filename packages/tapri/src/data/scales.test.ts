import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { scratchDatabase } from './drivers/scratch.ts'
import { decimal, type Field, float, int, model, openDatabase, optional, text, was } from './index.ts'
import { servers } from './servers.fixture.ts'

async function place(server: string) {
  if (server !== 'sqlite:') return scratchDatabase(server)
  const folder = await mkdtemp(join(tmpdir(), 'tapri-'))
  return { url: `sqlite:${folder}/app.db?synchronous=off`, dispose: () => rm(folder, { recursive: true }) }
}

const plain = { name: text() }

for (const { kind, server } of servers) {
  test(`a changed scale is refused once there are values, on ${kind}`, async () => {
    const scratch = await place(server)
    const using = async (goods: Record<string, any>, work?: (goods: any) => Promise<any>) => {
      const database = await openDatabase({ models: { goods: model(goods) }, policies: [], url: scratch.url, migrate: 'auto' })
      try {
        return await work?.(database.asSystem.goods)
      } finally {
        await database.close()
      }
    }
    const refused = {
      code: 'TAPRI_DATA_MIGRATION',
      message: /"goods\.price" with 2 digits after the point, and the models ask for/,
    }
    try {
      await using({ ...plain, price: decimal({ scale: 3, default: '0' }) })
      // empty: nothing can be read wrongly
      await using({ ...plain, price: decimal({ scale: 2, default: '0' }) }, (goods) =>
        goods.create({ name: 'Tea', price: '12.30' }),
      )
      await assert.rejects(using({ ...plain, price: decimal({ scale: 3 }) }), refused)
      await assert.rejects(using({ ...plain, price: int() }), refused)
      await assert.rejects(using({ ...plain, price: float() }), refused)
      await assert.rejects(using({ ...plain, cost: was('price', decimal({ scale: 4 })) }), refused)
      const same = {
        ...plain,
        price: decimal({ scale: 2, precision: 9, default: '0' }),
        more: decimal({ scale: 1, default: '1.5' }),
      }
      const [row] = await using(same, (goods) => goods.find())
      // the new column was filled before anybody could ask how
      assert.deepEqual([row.price, row.more], ['12.30', '1.5'])
      const renamed = { ...plain, cost: was('price', decimal({ scale: 2 })), more: decimal({ scale: 1 }) }
      const [moved] = await using(renamed, (goods) => goods.find())
      assert.deepEqual([moved.cost, moved.more], ['12.30', '1.5'])
    } finally {
      await scratch.dispose()
    }
  })

  test(`whole numbers are no decimals of another scale, on ${kind}`, async () => {
    const scratch = await place(server)
    const open = (price: Field<any, any>) =>
      openDatabase({ models: { goods: model({ price: optional(price) }) }, policies: [], url: scratch.url, migrate: 'auto' })
    try {
      const database = await open(int())
      await database.asSystem.goods?.create({ price: 12 } as never)
      await database.close()
      await assert.rejects(open(decimal({ scale: 2 })), { code: 'TAPRI_DATA_MIGRATION' })
      const again = await open(decimal({ scale: 0 }))
      assert.equal((await again.asSystem.goods?.first())?.price, '12')
      await again.close()
    } finally {
      await scratch.dispose()
    }
  })
}
