import { type ManualClock, manualClock } from '../../kit/clock.ts'
import {
  belongsTo,
  bool,
  type Db,
  date,
  type FullRow,
  float,
  hasMany,
  int,
  json,
  list,
  manyToMany,
  model,
  openDatabase,
  optional,
  type Policy,
  type Rule,
  type SystemDb,
  private as secret,
  softDelete,
  text,
  time,
  version,
} from '../index.ts'
import type { Database } from '../open.ts'

/** Cooks and their dishes: every kind of relation, search, marks of deletion, versions, unique keys. */
export const models = {
  users: model({
    name: text({ unique: true }),
    dishes: hasMany('dishes', 'cook'),
    stars: manyToMany('users', { through: 'follows', by: 'fan' }),
    fans: manyToMany('users', { through: 'follows', by: 'star' }),
  }),
  follows: model(
    { fan: belongsTo('users', { onDelete: 'cascade' }), star: belongsTo('users', { onDelete: 'cascade' }) },
    { unique: [['fan', 'star']] },
  ),
  dishes: model(
    {
      name: text(),
      about: optional(text({ max: 1_000_000 })),
      open: bool({ default: true }),
      sold: int({ default: 0 }),
      price: optional(float()),
      at: time({ default: 'now' }),
      day: optional(date()),
      labels: optional(list(text())),
      doses: optional(list(float())),
      facts: optional(json()),
      secret: secret(optional(text())),
      cook: belongsTo('users'),
      base: optional(belongsTo('dishes', { onDelete: 'cascade' })),
      variants: hasMany('dishes', 'base'),
      notes: hasMany('notes', 'dish'),
      spices: manyToMany('spices'),
      version: version(),
    },
    { search: ['name', 'about'] },
  ),
  notes: model(
    {
      text: text(),
      dish: belongsTo('dishes', { onDelete: 'cascade' }),
      author: optional(belongsTo('users', { onDelete: 'null' })),
      deletedAt: softDelete(),
      version: version(),
    },
    { search: ['text'] },
  ),
  spices: model({ name: text({ unique: true }), rare: bool({ default: false }), dishes: manyToMany('dishes') }),
  places: model(
    { city: optional(text()), street: text(), number: optional(int()), visits: int({ default: 0 }) },
    { unique: [['city', 'street', 'number']] },
  ),
}
type Models = typeof models
export type User = FullRow<Models, 'users'>

function policy<const N extends keyof Models & string>(
  name: N,
  rules: { readonly [Action in 'read' | 'create' | 'update' | 'delete']?: Rule<Models, N> },
): Policy {
  return { model: name, rules }
}

const own: Rule<Models, 'dishes'> = ({ user, rows }) => user !== null && rows({ cook: user.id })
/** A dish is read when it is open or one's own, a note where the dish is open, a spice when it is not rare. */
const policies: readonly Policy[] = [
  policy('users', { read: () => true, update: ({ user, rows }) => user !== null && rows({ id: user.id }) }),
  policy('follows', { read: () => true, create: ({ user, rows }) => user !== null && rows({ fan: user.id }) }),
  policy('dishes', {
    read: ({ user, rows }) => (user ? rows({ open: true }, { cook: user.id }) : rows({ open: true })),
    create: own,
    update: own,
    delete: own,
  }),
  policy('notes', {
    read: ({ rows }) => rows({ dish: { open: true } }),
    create: ({ user, rows }) => user !== null && rows({ author: user.id }),
    delete: ({ user, rows }) => user !== null && rows({ author: user.id }),
  }),
  policy('spices', {
    read: ({ rows }) => rows({ rare: false }),
    create: ({ user, rows }) => user !== null && rows({ rare: false }),
  }),
]

export interface Market extends AsyncDisposable {
  readonly database: Database
  readonly system: SystemDb<Models>
  readonly clock: ManualClock
  readonly ann: User
  readonly bob: User
  as(user: User | null): Db<Models>
}
export type MarketClaims = Readonly<Record<string, (market: Market) => Promise<void>>>

export async function openMarket(url: string): Promise<Market> {
  const clock = manualClock()
  const database = await openDatabase({ models, policies, url, migrate: 'auto', clock })
  const system = database.systemDb<Models>()
  return {
    database,
    system,
    clock,
    ann: await system.users.create({ name: 'ann' }),
    bob: await system.users.create({ name: 'bob' }),
    as: (caller) => database.asCaller<Models>({ user: caller }),
    [Symbol.asyncDispose]: () => database.close(),
  }
}

/** The names of rows, in their order. */
export function namesOf(rows: readonly { readonly name: string }[]): string[] {
  return rows.map(({ name }) => name)
}
