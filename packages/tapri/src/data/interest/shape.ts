import type { Primitive } from '../condition.ts'
import { comparable, type StoredRow } from '../evaluate.ts'
import type { Asking } from './asking.ts'
import { Bucket } from './bucket.ts'
import type { Spot } from './spots.ts'

/** The buckets for values of the same columns. */
export class Shape<Target> {
  readonly columns: readonly string[]
  readonly #buckets = new Map<Primitive, Bucket<Target>>()
  /** Of the change that is asked about: where the row after it is found, and whether the row before it is found there too. */
  #bucket: Bucket<Target> | undefined
  #stays = false

  constructor(columns: readonly string[]) {
    this.columns = columns
  }

  get isEmpty(): boolean {
    return this.#buckets.size === 0
  }

  /** The bucket for the values, made if there is none. */
  bucketOf({ equals }: Spot): Bucket<Target> {
    const key = keyOf([...equals.values()])
    let bucket = this.#buckets.get(key)
    if (bucket === undefined) {
      bucket = new Bucket(this, key)
      this.#buckets.set(key, bucket)
    }
    return bucket
  }

  forget({ key }: Bucket<Target>): void {
    this.#buckets.delete(key)
  }

  /** Offers what may match the row after the change. */
  offerAfter(asking: Asking<Target>, after: StoredRow, before: StoredRow | null): void {
    this.#bucket = this.#find(after)
    this.#stays = before !== null && this.columns.every((name) => before[name] === after[name])
    this.#bucket?.offer(asking, after, this.#stays ? before : null)
  }

  /** Offers what may match the row before it, and has not been offered. */
  offerBefore(asking: Asking<Target>, before: StoredRow, after: StoredRow | null): void {
    if (after === null || !this.#stays) this.#find(before)?.offer(asking, before, null)
    else this.#bucket?.offerRest(asking, before, after)
  }

  #find(row: StoredRow): Bucket<Target> | undefined {
    const [first, second] = this.columns
    // most shapes have one column, and need no list
    if (first !== undefined && second === undefined) {
      const value = comparable(row[first])
      return value === undefined ? undefined : this.#buckets.get(value)
    }
    const values: Primitive[] = []
    for (const name of this.columns) {
      const value = comparable(row[name])
      if (value === undefined) return undefined
      values.push(value)
    }
    return this.#buckets.get(keyOf(values))
  }
}

/** One value is its own key; of several it is a text that no others have. */
function keyOf(values: readonly Primitive[]): Primitive {
  const [first = null] = values
  if (values.length === 1) return first
  let key = ''
  for (const value of values) {
    key += typeof value === 'string' ? `${value.length}:${value}` : typeof value === 'number' ? `${value};` : `${value},`
  }
  return key
}
