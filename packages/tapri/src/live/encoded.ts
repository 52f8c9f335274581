import { diff, type Patch } from '../kit/patch.ts'
import { decodeWire, encodeWire } from '../kit/wire.ts'

/** An answer as it travels. Texts are all that is kept of most: they take less memory than values, and less to clear away. */
export interface Encoded {
  readonly text: string
  /** What turns the one before into this one; undefined when they are the same. */
  patchFrom(before: Encoded): Patch | undefined
}

/** Encodes an answer; of what is in the one before it already, the texts of that one are kept. */
export function encoded(value: unknown, before?: Encoded): Encoded {
  if (!Array.isArray(value)) return new EncodedValue(encodeWire(value))
  const ids = idsOf(value)
  return ids === undefined ? new EncodedValue(encodeWire(value)) : encodedRows(ids, value, before)
}

/** Longer texts are decoded once, and the value kept for the next. */
const longText = 4_000

class EncodedValue implements Encoded {
  readonly text: string
  #value: unknown

  constructor(text: string) {
    this.text = text
  }

  patchFrom(before: Encoded): Patch | undefined {
    if (before.text === this.text) return undefined
    return diff(before instanceof EncodedValue ? before.#decoded() : decodeWire(before.text), this.#decoded())
  }

  #decoded(): unknown {
    if (this.#value !== undefined) return this.#value
    const value = decodeWire(this.text)
    if (this.text.length >= longText) this.#value = value
    return value
  }
}

/** A list of rows, each encoded by itself: those whose texts are the same need not be looked into. */
class EncodedRows implements Encoded {
  readonly ids: readonly string[]
  readonly texts: readonly string[]

  constructor(ids: readonly string[], texts: readonly string[]) {
    this.ids = ids
    this.texts = texts
  }

  get text(): string {
    return `[${this.texts.join()}]`
  }

  patchFrom(before: Encoded): Patch | undefined {
    if (!(before instanceof EncodedRows)) return diff(decodeWire(before.text), decodeWire(this.text))
    if (this.texts === before.texts) return undefined
    if (this.ids === before.ids) return this.#patchInPlace(before)
    const known = new Map(before.ids.map((id, place) => [id, before.texts[place]]))
    const same = new Map<string, object>()
    const to = this.ids.map((id, place) => {
      const text = this.texts[place] ?? ''
      if (known.get(id) !== text) return decodeWire(text)
      // one object stands for the row in both lists
      const row = { id }
      same.set(id, row)
      return row
    })
    const from = before.ids.map((id, place) => same.get(id) ?? decodeWire(before.texts[place] ?? ''))
    return diff(from, to)
  }

  #patchInPlace(before: EncodedRows): Patch | undefined {
    const rows: [string, Patch][] = []
    for (const [place, text] of this.texts.entries()) {
      const other = before.texts[place] ?? ''
      const patch = text === other ? undefined : diff(decodeWire(other), decodeWire(text))
      if (patch !== undefined) rows.push([this.ids[place] ?? '', patch])
    }
    return rows.length === 0 ? undefined : { rows, gone: [], put: [] }
  }
}

/** The lists of the one before are kept where they are the same, and its texts where these are. */
function encodedRows(ids: readonly string[], rows: readonly unknown[], before: Encoded | undefined): EncodedRows {
  const known = before instanceof EncodedRows ? before : undefined
  const isInPlace = known !== undefined && isSame(known.ids, ids)
  const texts = rows.map((row, place) => {
    const text = encodeWire(row)
    const other = isInPlace ? known.texts[place] : undefined
    return text === other ? other : text
  })
  if (!isInPlace) return new EncodedRows(ids, texts)
  return isSame(known.texts, texts) ? known : new EncodedRows(known.ids, texts)
}

/** Of a list of plain objects that have texts of their own as ids, each another one; undefined of anything else. */
function idsOf(rows: readonly unknown[]): readonly string[] | undefined {
  if (rows.length === 0 || 'toJSON' in rows) return undefined
  const ids: string[] = []
  for (const row of rows) {
    const id = idOf(row)
    if (id === undefined) return undefined
    ids.push(id)
  }
  return new Set(ids).size === ids.length ? ids : undefined
}

function idOf(row: unknown): string | undefined {
  if (typeof row !== 'object' || row === null || Object.getPrototypeOf(row) !== Object.prototype || 'toJSON' in row)
    return undefined
  return Object.hasOwn(row, 'id') && 'id' in row && typeof row.id === 'string' ? row.id : undefined
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((text, place) => text === other[place])
}
