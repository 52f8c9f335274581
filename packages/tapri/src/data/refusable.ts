import type { Model } from './catalog.ts'

const risky: ReadonlySet<string> = new Set(['opaque', 'list'])

/**
 * Whether a database may refuse these new values of a row that is there: what is not unique, names no row, and is in no
 * index is written, or the whole transaction has failed.
 */
export function mayBeRefused(model: Model, names: readonly string[]): boolean {
  const watched = [...model.unique, ...model.index].flat()
  return names.some((name) => {
    const column = model.column.get(name)
    const isReference = model.references.some((each) => each.name === name)
    const isSearched = model.search.some(({ field }) => field.name === name)
    return column === undefined || risky.has(column.comparison) || isReference || isSearched || watched.includes(name)
  })
}
