import { openCatalog } from '../../packages/tapri/src/data/catalog.ts'
import { all, any, type Condition, equal, within } from '../../packages/tapri/src/data/condition.ts'
import { type Change, int, model, type ReadEntry, type StoredRow, text } from '../../packages/tapri/src/data/index.ts'
import { randomOf } from './random.ts'

const shape = { room: text(), kind: text(), author: text(), price: int(), likes: int(), title: text() }
const offers = openCatalog({ offers: model(shape) }, {}, () => 0).get('offers')

function columnOf(name: string) {
  const column = offers?.column.get(name)
  if (column === undefined) throw new Error(`No column is called ${name}`)
  return column
}

const room = columnOf('room')
const kind = columnOf('kind')
const author = columnOf('author')
const price = columnOf('price')

/** What is read, in the terms of anybody's query language. */
export interface Wish {
  readonly rooms?: readonly string[]
  readonly kind?: string
  /** Either of the two is enough. */
  readonly either?: { readonly author: string; readonly room: string }
  readonly from?: number
  readonly to?: number
}

const shown = [new Set(['id', 'room', 'kind', 'author', 'price', 'likes', 'title']), new Set(['id', 'title'])]
const dearest = 1_000_000
const kinds = Array.from({ length: 8 }, (_, at) => `kind ${at}`)

/**
 * Subscriptions and writes that meet: 70 % name a room, half of these also a kind; 20 % a room and prices from … to; 8 %
 * prices only; 2 % four rooms, or a room or an author. Rooms are as many as a tenth of the subscriptions, intervals of prices alone
 * so narrow that about three of them have a price. Every fourth shows the title only, and hears of nothing else.
 */
export class Workload {
  readonly #random: () => number
  readonly #rooms: number
  readonly #width: number

  constructor(subscriptions: number, seed: number) {
    this.#random = randomOf(seed)
    this.#rooms = Math.max(10, Math.round(subscriptions / 10))
    this.#width = Math.round((3 * dearest) / (0.08 * subscriptions))
  }

  wish(): Wish {
    const share = this.#below(100)
    if (share < 35) return { rooms: [this.#room()] }
    if (share < 70) return { rooms: [this.#room()], kind: this.#kind() }
    if (share < 90) return { rooms: [this.#room()], ...this.#prices(dearest / 4) }
    if (share < 98) return this.#prices(this.#width)
    if (share < 99) return { rooms: Array.from({ length: 4 }, () => this.#room()) }
    return { either: { author: this.#author(), room: this.#room() } }
  }

  entry(wish: Wish): ReadEntry {
    return { model: 'offers', condition: conditionOf(wish), columns: shown[this.#below(4) === 0 ? 1 : 0] ?? new Set() }
  }

  /** 40 % new rows, 10 % deleted ones, 50 % changed in one of four ways; as they come out of the change log. */
  change(): Change {
    const share = this.#below(100)
    const row = this.#row()
    if (share < 40) return { model: 'offers', id: row.id, before: null, after: row }
    if (share < 50) return { model: 'offers', id: row.id, before: row, after: null }
    return { model: 'offers', id: row.id, before: row, after: { ...row, ...this.#update() } }
  }

  #update(): Partial<StoredRow> {
    const way = this.#below(10)
    if (way < 4) return { likes: this.#below(1_000) }
    if (way < 7) return { price: this.#below(dearest) }
    return way < 9 ? { title: `title ${this.#below(1_000)}` } : { room: this.#room() }
  }

  #row(): StoredRow {
    return {
      id: `offer ${this.#below(1_000_000)}`,
      room: this.#room(),
      kind: this.#kind(),
      author: this.#author(),
      price: this.#below(dearest),
      likes: this.#below(1_000),
      title: `title ${this.#below(1_000)}`,
    }
  }

  #prices(width: number) {
    const from = this.#below(dearest)
    return { from, to: from + width }
  }

  #room(): string {
    return `room ${this.#below(this.#rooms)}`
  }

  #kind(): string {
    return kinds[this.#below(kinds.length)] ?? ''
  }

  #author(): string {
    return `author ${this.#below(this.#rooms)}`
  }

  #below(bound: number): number {
    return Math.floor(this.#random() * bound)
  }
}

function conditionOf({ rooms, kind: named, either, from, to }: Wish): Condition {
  const [first, ...others] = rooms ?? []
  const parts: Condition[] = []
  if (first !== undefined) parts.push(others.length === 0 ? equal(room, first) : within(room, [first, ...others]))
  if (named !== undefined) parts.push(equal(kind, named))
  if (either !== undefined) parts.push(any([equal(author, either.author), equal(room, either.room)]))
  if (from !== undefined) parts.push({ kind: 'order', column: price, sign: 'gte', value: from })
  if (to !== undefined) parts.push({ kind: 'order', column: price, sign: 'lt', value: to })
  return all(parts)
}
