import { test } from 'node:test'
import { logClaims } from './conformance/log.ts'
import { migrationClaims } from './conformance/migrations.ts'
import { orderClaims } from './conformance/order.ts'
import { openShelf, type Place } from './conformance/place.ts'
import { policyClaims } from './conformance/policies.ts'
import { relationClaims } from './conformance/relations.ts'
import { rowClaims } from './conformance/rows.ts'
import { transactionClaims } from './conformance/transactions.ts'

export type { Place } from './conformance/place.ts'

/**
 * What every database must do, as tests of `node:test`; `open` gives the URL of an empty one each time.
 * @example dataConformance('memory', async () => ({ url: 'sqlite::memory:', dispose: async () => {} }), { keeps: false })
 */
export function dataConformance(name: string, open: () => Promise<Place>, options: { readonly keeps?: boolean } = {}): void {
  const claims = { ...rowClaims, ...orderClaims, ...relationClaims, ...policyClaims, ...transactionClaims, ...logClaims }
  for (const [claim, check] of Object.entries(claims)) {
    test(`${name}: ${claim}`, async () => {
      await using place = disposing(await open())
      await using shelf = await openShelf(place.url)
      await check(shelf)
    })
  }
  // what keeps nothing once it is closed has nothing to migrate
  if (options.keeps === false) return
  for (const [claim, check] of Object.entries(migrationClaims)) {
    test(`${name}: ${claim}`, async () => {
      await using place = disposing(await open())
      await check(place.url)
    })
  }
}

function disposing(place: Place): Place & AsyncDisposable {
  return { ...place, [Symbol.asyncDispose]: () => place.dispose() }
}
