import type { Model } from './catalog.ts'
import { isRecord, wrong } from './compare.ts'

/** SQLite takes expressions a thousand deep, policies among them; other databases have bounds of their own. */
const mostParts = 500
const mostNested = 30
/** SQLite takes 32,766 values that cannot be put into one list. */
const mostListed = 30_000

interface Size {
  parts: number
  listed: number
}

/** Refuses a `where` that is larger than every database takes.
 * @throws TAPRI_DATA_QUERY */
export function requireModest(model: Model, where: unknown): void {
  measure(model, where, { parts: 0, listed: 0 }, 0)
}

function measure(model: Model, where: unknown, size: Size, depth: number): void {
  if (depth > mostNested) throw wrong(model, `the where is nested deeper than ${mostNested} levels`)
  if (Array.isArray(where)) size.listed += where.length
  if (size.listed > mostListed) throw wrong(model, `the lists of the where have more than ${mostListed} values together`)
  if (!isRecord(where)) {
    count(model, size)
    return
  }
  const keys = Object.keys(where)
  if (keys.length === 0) count(model, size)
  for (const key of keys) {
    const value = where[key]
    if ((key === 'and' || key === 'or') && Array.isArray(value)) for (const each of value) measure(model, each, size, depth + 1)
    else measure(model, value, size, depth + 1)
  }
}

function count(model: Model, size: Size): void {
  size.parts++
  if (size.parts > mostParts) throw wrong(model, `the where has more than ${mostParts} comparisons`)
}
