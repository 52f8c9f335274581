import { test } from 'node:test'
import { figureClaims } from './conformance/figures.ts'
import { filterClaims } from './conformance/filters.ts'
import { loadingClaims } from './conformance/loading.ts'
import { logClaims } from './conformance/log.ts'
import { openMarket } from './conformance/market.ts'
import { migrationClaims } from './conformance/migrations.ts'
import { nestedClaims } from './conformance/nested.ts'
import { orderClaims } from './conformance/order.ts'
import { openShelf, type Place } from './conformance/place.ts'
import { policyClaims } from './conformance/policies.ts'
import { reachClaims } from './conformance/reach.ts'
import { relationClaims } from './conformance/relations.ts'
import { rowClaims } from './conformance/rows.ts'
import { searchClaims } from './conformance/search.ts'
import { transactionClaims } from './conformance/transactions.ts'
import { valueClaims } from './conformance/values.ts'
import { writeClaims } from './conformance/writes.ts'

export type { Place } from './conformance/place.ts'

const onShelf = {
  rows: rowClaims,
  order: orderClaims,
  relations: relationClaims,
  policies: policyClaims,
  transactions: transactionClaims,
  log: logClaims,
}
const onMarket = {
  filters: filterClaims,
  loading: loadingClaims,
  search: searchClaims,
  figures: figureClaims,
  writes: writeClaims,
  values: valueClaims,
  reach: reachClaims,
  nested: nestedClaims,
}

/** A part of what every database must do. */
export type Feature = keyof typeof onShelf | keyof typeof onMarket | 'migrations'

export interface ConformanceOptions {
  /** False for a database that is gone once it is closed: there is nothing to migrate then. */
  readonly keeps?: boolean
  /** What the driver does not do; its tests are skipped and say so. */
  readonly lacks?: readonly Feature[]
}

/**
 * What every database must do, as tests of `node:test`; `open` gives the URL of an empty one each time.
 * @example dataConformance('memory', async () => ({ url: 'sqlite::memory:', dispose: async () => {} }), { keeps: false })
 */
export function dataConformance(name: string, open: () => Promise<Place>, options: ConformanceOptions = {}): void {
  const { keeps = true, lacks = [] } = options
  const claim = (feature: Feature, text: string, check: (url: string) => Promise<void>) => {
    const skip = lacks.includes(feature) ? `this driver lacks ${feature}` : false
    test(`${name}: ${text}`, { skip }, async () => {
      const place = await open()
      await using _ = { [Symbol.asyncDispose]: () => place.dispose() }
      await check(place.url)
    })
  }
  for (const [feature, text, check] of claimsOf(onShelf)) {
    claim(feature, text, async (url) => {
      await using shelf = await openShelf(url)
      await check(shelf)
    })
  }
  for (const [feature, text, check] of claimsOf(onMarket)) {
    claim(feature, text, async (url) => {
      await using market = await openMarket(url)
      await check(market)
    })
  }
  if (!keeps) return
  for (const [text, check] of Object.entries(migrationClaims)) claim('migrations', text, check)
}

type Checks<Subject> = Readonly<Record<string, (subject: Subject) => Promise<void>>>

function claimsOf<Subject, F extends Feature>(features: { readonly [K in F]: Checks<Subject> }) {
  const entries: [F, string, (subject: Subject) => Promise<void>][] = []
  for (const feature in features) {
    for (const [text, check] of Object.entries(features[feature])) entries.push([feature, text, check])
  }
  return entries
}
