import { errorTable } from './errors.ts'

const fail = errorTable({ TAPRI_KIT_PATCH: 500 })

/** What turns one JSON-like value (JSON and times) into another; itself JSON-like, so it can travel. */
export type Patch = SetPatch | KeysPatch | ItemsPatch | RowsPatch

/** The whole value is another. */
export interface SetPatch {
  readonly set: unknown
}
/** An object: keys that changed or came, keys that went. */
export interface KeysPatch {
  readonly keys: readonly (readonly [key: string, patch: Patch])[]
  readonly drop: readonly string[]
}
/** An array by position: places that changed, the new length, what is appended. */
export interface ItemsPatch {
  readonly items: readonly (readonly [index: number, patch: Patch])[]
  readonly length: number
  readonly tail: readonly unknown[]
}
/** An array of rows by id: rows that changed, rows that went, and rows put at their final places: a text moves that row, an
 * object is a new one. */
export interface RowsPatch {
  readonly rows: readonly (readonly [id: string, patch: Patch])[]
  readonly gone: readonly string[]
  readonly put: readonly (readonly [index: number, row: unknown])[]
}

type Entries = Readonly<Record<string, unknown>>

/**
 * The difference between two JSON-like values, undefined when they are equal. Arrays whose items all have a text `id` of
 * their own are compared row by row, others place by place.
 * @example diff([{ id: 'a', n: 1 }], [{ id: 'a', n: 2 }]) // { rows: [['a', { keys: [['n', { set: 2 }]], drop: [] }]], gone: [], put: [] }
 */
export function diff(from: unknown, to: unknown): Patch | undefined {
  if (Object.is(from, to)) return undefined
  if (Array.isArray(from) && Array.isArray(to)) return diffArrays(from, to)
  if (isEntries(from) && isEntries(to)) return diffEntries(from, to)
  if (from instanceof Date && to instanceof Date && Object.is(from.getTime(), to.getTime())) return undefined
  return { set: to }
}

/**
 * The value after the patch. Never changes `value`; what the patch does not touch is the same object in both.
 * @throws TAPRI_KIT_PATCH when the patch was made from another value
 * @example apply({ title: 'Kites', likes: 1 }, { keys: [['likes', { set: 2 }]], drop: [] }) // { title: 'Kites', likes: 2 }
 */
export function apply(value: unknown, patch: Patch): unknown {
  if ('set' in patch) return patch.set
  if ('keys' in patch && isEntries(value)) return applyKeys(value, patch)
  if ('items' in patch && Array.isArray(value)) return applyItems(value, patch)
  if ('rows' in patch && Array.isArray(value)) return applyRows(value, patch)
  throw misfit('it changes the inside of a value that has none')
}

function diffEntries(from: Entries, to: Entries): Patch | undefined {
  const keys: [string, Patch][] = []
  let kept = 0
  for (const key of Object.keys(to)) {
    const value = to[key]
    if (Object.hasOwn(from, key)) {
      kept++
      const inner = diff(from[key], value)
      if (inner !== undefined) keys.push([key, inner])
    } else keys.push([key, { set: value }])
  }
  const before = Object.keys(from)
  const drop = before.length === kept ? [] : before.filter((key) => !Object.hasOwn(to, key))
  if (keys.length === 0 && drop.length === 0) return undefined
  return kept === 0 ? { set: to } : { keys, drop }
}

function diffArrays(from: readonly unknown[], to: readonly unknown[]): Patch | undefined {
  const places = placesById(to)
  if (places === undefined) return diffItems(from, to)
  if (isSameOrder(from, to)) return diffInPlace(from, to)
  const before = placesById(from)
  return before === undefined ? diffItems(from, to) : diffRows({ items: from, places: before }, { items: to, places })
}

function diffItems(from: readonly unknown[], to: readonly unknown[]): Patch | undefined {
  if (from.length === 0 && to.length > 0) return { set: to }
  const items: [number, Patch][] = []
  for (let index = 0; index < Math.min(from.length, to.length); index++) {
    const inner = diff(from[index], to[index])
    if (inner !== undefined) items.push([index, inner])
  }
  if (items.length === 0 && from.length === to.length) return undefined
  return { items, length: to.length, tail: to.slice(from.length) }
}

/** Rows that all stay where they are, as most do. */
function diffInPlace(from: readonly unknown[], to: readonly unknown[]): Patch | undefined {
  const rows: [string, Patch][] = []
  for (const [place, row] of to.entries()) {
    const inner = diff(from[place], row)
    if (inner !== undefined) rows.push([idOf(row) ?? '', inner])
  }
  return rows.length === 0 ? undefined : { rows, gone: [], put: [] }
}

interface Rows {
  readonly items: readonly unknown[]
  /** By their ids. */
  readonly places: ReadonlyMap<string, number>
}

function diffRows(from: Rows, to: Rows): Patch | undefined {
  const rows: [string, Patch][] = []
  const kept: string[] = []
  const rise: number[] = []
  for (const [id, place] of to.places) {
    const before = from.places.get(id)
    if (before === undefined) continue
    kept.push(id)
    rise.push(before)
    const inner = diff(from.items[before], to.items[place])
    if (inner !== undefined) rows.push([id, inner])
  }
  if (kept.length === 0) return { set: to.items }
  // the rows that already stand in the new order stay where they are; all others are put
  const staying = new Set(longestRise(rise).map((index) => kept[index]))
  const put: [number, unknown][] = []
  for (const [id, place] of to.places) {
    if (!staying.has(id)) put.push([place, from.places.has(id) ? id : to.items[place]])
  }
  const gone = kept.length === from.places.size ? [] : [...from.places.keys()].filter((id) => !to.places.has(id))
  return rows.length + gone.length + put.length === 0 ? undefined : { rows, gone, put }
}

/** Where each row is, by its id; undefined when an item is no row or an id comes twice. */
function placesById(items: readonly unknown[]): Map<string, number> | undefined {
  if (items.length === 0) return undefined
  const places = new Map<string, number>()
  for (const [place, row] of items.entries()) {
    const id = idOf(row)
    if (id === undefined || places.has(id)) return undefined
    places.set(id, place)
  }
  return places
}

function isSameOrder(from: readonly unknown[], to: readonly unknown[]): boolean {
  return from.length === to.length && to.every((row, place) => idOf(from[place]) === idOf(row))
}

/** Of a row: an object with a text `id` of its own. */
function idOf(row: unknown): string | undefined {
  return isEntries(row) && Object.hasOwn(row, 'id') && typeof row.id === 'string' ? row.id : undefined
}

/** The places of a longest rising subsequence of distinct numbers, in order. */
function longestRise(numbers: readonly number[]): number[] {
  // ends[n]: the place of the smallest number that ends a rise of n + 1 numbers
  const ends: number[] = []
  const before: (number | undefined)[] = []
  for (const [place, number] of numbers.entries()) {
    let low = 0
    let high = ends.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((numbers[ends[middle] ?? 0] ?? 0) < number) low = middle + 1
      else high = middle
    }
    before.push(low === 0 ? undefined : ends[low - 1])
    ends[low] = place
  }
  const rise: number[] = []
  for (let place = ends.at(-1); place !== undefined; place = before[place]) rise.push(place)
  return rise.reverse()
}

function applyKeys(value: Entries, patch: KeysPatch): unknown {
  // a map and fromEntries, since assigning to the key "__proto__" would not make a key
  const next = new Map(Object.entries(value))
  for (const key of patch.drop) next.delete(key)
  for (const [key, inner] of patch.keys) next.set(key, apply(next.get(key), inner))
  return Object.fromEntries(next)
}

function applyItems(value: readonly unknown[], patch: ItemsPatch): unknown {
  const next = [...value.slice(0, patch.length), ...patch.tail]
  for (const [index, inner] of patch.items) next[index] = apply(next[index], inner)
  if (next.length !== patch.length) throw misfit(`it makes ${patch.length} items and there are ${next.length}`)
  return next
}

function applyRows(value: readonly unknown[], patch: RowsPatch): unknown {
  const places = placesById(value) ?? new Map<string, number>()
  const changed = [...value]
  for (const id of patch.gone) if (!places.delete(id)) throw misfit(`there is no row "${id}"`)
  for (const [id, inner] of patch.rows) {
    const place = places.get(id)
    if (place === undefined) throw misfit(`there is no row "${id}"`)
    changed[place] = apply(changed[place], inner)
  }
  if (patch.put.length === 0 && patch.gone.length === 0) return changed
  const put = patch.put.map(([index, row]) => {
    if (typeof row !== 'string') return { index, row }
    const place = places.get(row)
    if (place === undefined) throw misfit(`there is no row "${row}"`)
    places.delete(row)
    return { index, row: changed[place] }
  })
  const staying = places.values()
  const next: unknown[] = []
  for (const { index, row } of put) {
    while (next.length < index) {
      const step = staying.next()
      if (step.done) throw misfit(`it puts a row at ${index} and there are only ${next.length}`)
      next.push(changed[step.value])
    }
    next.push(row)
  }
  for (const place of staying) next.push(changed[place])
  return next
}

function isEntries(value: unknown): value is Entries {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
}

function misfit(why: string) {
  return fail('TAPRI_KIT_PATCH', `Cannot apply the patch: it was made from another value, ${why}`)
}
