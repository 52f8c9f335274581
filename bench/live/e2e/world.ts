import { randomOf } from '../random.ts'

/** How many there are of everything, for so many subscriptions. */
export interface World {
  readonly subscriptions: number
  readonly sockets: number
  readonly people: number
  readonly rooms: number
  readonly offers: number
  /** Each price is in two of them. */
  readonly ranges: number
}

export interface Offer {
  readonly id: string
  readonly room: string
  readonly kind: string
  readonly price: number
  readonly title: string
  /** Everybody may read it; else those of its circle alone. */
  readonly open: boolean
  readonly circle: string
  /** The number of the write that made the row what it is; 0 of those that were there before. */
  readonly mark: number
}

/** May be read by its owner alone. */
export interface Alert {
  readonly owner: string
  readonly kind: string
  readonly mark: number
}

/** Whose a socket is. */
export interface Person {
  readonly id: string
  readonly circle: string
  readonly token: string
}

/** One subscription. */
export interface Wish {
  readonly route: string
  readonly input: Readonly<Record<string, string | number>>
  /** Of the same GET, below the prefix. */
  readonly path: string
  /** Rows with one of these are shown; a count shows none. */
  readonly keys: readonly string[]
}

export const perSocket = 100
export const circles = ['crimson', 'amber', 'olive', 'azure', 'violet'] as const
export const kinds = ['kite', 'string', 'lamp', 'drum'] as const
export const dearest = 100_000

export function worldOf(subscriptions: number): World {
  const sockets = subscriptions / perSocket
  const rooms = Math.round(subscriptions / 250)
  return { subscriptions, sockets, people: sockets / 2, rooms, offers: rooms * 10, ranges: Math.round(subscriptions / 70) }
}

/** Two sockets for each person, but every tenth socket is a visitor's. */
export function ownerOf(socket: number, people: readonly Person[]): Person | undefined {
  return socket % 10 === 9 ? undefined : people[Math.floor(socket / 2)]
}

/** What a socket follows: the newest of rooms and of pairs of rooms, kinds in rooms, ranges of prices, single rows, counts, and what is its own. */
export function wishesOf(world: World, socket: number, offers: readonly string[], owner: Person | undefined): Wish[] {
  const random = randomOf(socket + 1)
  const below = (bound: number) => Math.floor(random() * bound)
  const room = () => `room ${below(world.rooms)}`
  const own = owner === undefined ? [] : Array.from({ length: 10 }, (_, at) => mine(owner.id, alertKind(at)))
  const wishes = [
    ...Array.from({ length: 20 }, () => ofKind(room(), kinds[below(kinds.length)] ?? '')),
    ...Array.from({ length: 15 }, () => priced(below(world.ranges), world)),
    ...Array.from({ length: 10 }, () => one(offers[below(offers.length)] ?? '')),
    ...Array.from({ length: 5 }, () => count(room())),
    ...Array.from({ length: 5 }, () => either(below(world.rooms), world)),
    ...own,
  ]
  return [...wishes, ...Array.from({ length: perSocket - wishes.length }, () => newest(room()))]
}

export function alertKind(number: number): string {
  return `alert ${number % 10}`
}

/** By which an offer is shown to those who follow one of them, and may read it. */
export function keysOf({ id, room, kind, price }: Offer, world: World): string[] {
  const range = Math.floor(price / stepOf(world))
  return [`room ${room}`, `kind ${room} ${kind}`, `price ${range}`, `price ${range - 1}`, `id ${id}`]
}

export function alertKeysOf({ owner, kind }: Alert): string[] {
  return [`mine ${owner} ${kind}`]
}

function newest(room: string): Wish {
  return { route: 'offers.newest', input: { room }, path: `/offers/newest/${encodeURIComponent(room)}`, keys: [`room ${room}`] }
}

function ofKind(room: string, kind: string): Wish {
  const path = `/offers/kinds/${encodeURIComponent(room)}/${encodeURIComponent(kind)}`
  return { route: 'offers.ofKind', input: { room, kind }, path, keys: [`kind ${room} ${kind}`] }
}

function priced(range: number, world: World): Wish {
  const [from, to] = [range * stepOf(world), (range + 2) * stepOf(world)]
  return { route: 'offers.priced', input: { from, to }, path: `/offers/priced?from=${from}&to=${to}`, keys: [`price ${range}`] }
}

function one(id: string): Wish {
  return { route: 'offers.one', input: { id }, path: `/offers/one/${id}`, keys: [`id ${id}`] }
}

function count(room: string): Wish {
  return { route: 'offers.count', input: { room }, path: `/offers/count/${encodeURIComponent(room)}`, keys: [] }
}

/** A room and the one beside it. */
function either(number: number, { rooms }: World): Wish {
  const [room, other] = [`room ${number}`, `room ${(number + 1) % rooms}`]
  const path = `/offers/either?room=${encodeURIComponent(room)}&other=${encodeURIComponent(other)}`
  return { route: 'offers.either', input: { room, other }, path, keys: [`room ${room}`, `room ${other}`] }
}

function mine(owner: string, kind: string): Wish {
  return {
    route: 'alerts.mine',
    input: { kind },
    path: `/alerts/mine?kind=${encodeURIComponent(kind)}`,
    keys: [`mine ${owner} ${kind}`],
  }
}

function stepOf({ ranges }: World): number {
  return Math.ceil(dearest / ranges)
}
