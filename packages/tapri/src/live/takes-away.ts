import type { Patch } from '../kit/patch.ts'

/**
 * Whether the patch may take something out of a value. A patch does not say what was there before, so what is not known to
 * stay counts as taken: only what comes, what moves, and what is written in the place of a number, a time, or a text of the
 * same row takes nothing away.
 */
export function takesAway(patch: Patch): boolean {
  if ('set' in patch) return true
  if ('rows' in patch) return patch.gone.length > 0 || patch.rows.some(([, inner]) => takesFrom(inner, { isRow: true }))
  // by position the next row is in the place of one that went, so only what is appended is known to take nothing
  if ('items' in patch) return patch.items.length > 0 || patch.tail.length === 0
  return takesFrom(patch, { isRow: false })
}

/** The same of what is inside an object. Of rows it is known that they are the ones that they were: their texts were edited. */
function takesFrom(patch: Patch, { isRow }: { readonly isRow: boolean }): boolean {
  if (!('keys' in patch)) return takesAway(patch)
  if (patch.drop.length > 0) return true
  return patch.keys.some(([key, inner]) => {
    if (!('set' in inner)) return takesAway(inner)
    // another id is another row
    return key === 'id' || !isHarmless(inner.set, isRow)
  })
}

function isHarmless(value: unknown, isRow: boolean): boolean {
  const isNumber = typeof value === 'number' || typeof value === 'boolean' || value instanceof Date
  return isNumber || (isRow && typeof value === 'string')
}
