import type { Catalog, Model } from './catalog.ts'
import { any, equal } from './condition.ts'
import type { Driver } from './driver.ts'

const filledAtOnce = 500

/** Puts the words of rows that were there before their model had a search where search looks for them. */
export async function fillWords(catalog: Catalog, driver: Driver): Promise<void> {
  for (const model of catalog.values()) {
    const [first] = model.search
    if (first === undefined) continue
    for (let left = true; left; ) left = await fillSome(model, driver)
  }
}

async function fillSome(model: Model, driver: Driver): Promise<boolean> {
  const { columns, search } = model
  const condition = any(search.map(({ words }) => equal(words, null)))
  const order = [{ column: model.id, down: false }]
  const asked = { model, columns, condition, order, limit: filledAtOnce, offset: 0 }
  if ((await driver.reader.select({ ...asked, limit: 1 })).length === 0) return false
  const transaction = await driver.begin({ isolation: 'row', alone: false })
  try {
    const rows = await transaction.select({ ...asked, lock: true })
    // a driver that writes a searched field writes its words with it
    for (const row of rows) {
      await transaction.update(model, row.id, Object.fromEntries(search.map(({ field }) => [field.name, row[field.name]])))
    }
    await transaction.commit()
    return rows.length === filledAtOnce
  } catch (error) {
    await transaction.rollback()
    throw error
  }
}
