import { type ManualClock, manualClock } from '../../kit/clock.ts'
import {
  belongsTo,
  bool,
  type Db,
  date,
  email,
  type FullRow,
  float,
  hasMany,
  int,
  json,
  list,
  model,
  oneOf,
  openDatabase,
  optional,
  type Policy,
  type Rule,
  type SystemDb,
  private as secret,
  text,
  time,
} from '../index.ts'
import type { Database } from '../open.ts'

/** A database of a test's own. */
export interface Place {
  readonly url: string
  dispose(): Promise<void>
}

/** Readers, their shelves of books, and who lent what: every kind of field and relation. */
export const models = {
  users: model({ name: text(), email: secret(email({ unique: true })), books: hasMany('books', 'owner') }),
  books: model({
    title: text({ max: 5000 }),
    open: bool({ default: false }),
    pages: int({ default: 0 }),
    stars: optional(float()),
    bought: time({ default: 'now' }),
    read: optional(time()),
    printed: optional(date()),
    state: oneOf(['new', 'old'], { default: 'new' }),
    words: optional(list(text())),
    numbers: optional(list(float())),
    times: optional(list(time())),
    extra: optional(json()),
    note: secret(optional(text())),
    owner: belongsTo('users'),
    lender: optional(belongsTo('users', { onDelete: 'null' })),
    pagesRead: hasMany('marks', 'book'),
  }),
  marks: model(
    {
      page: int(),
      book: belongsTo('books', { onDelete: 'cascade' }),
      user: belongsTo('users', { onDelete: 'cascade' }),
      after: optional(belongsTo('marks', { onDelete: 'cascade' })),
    },
    { unique: [['book', 'user', 'page']] },
  ),
  words: model({ word: text({ unique: true }) }),
}
type Models = typeof models
type User = FullRow<Models, 'users'>

function policy<const N extends keyof Models & string>(
  name: N,
  rules: { readonly [Action in 'read' | 'create' | 'update' | 'delete']?: Rule<Models, N> },
): Policy {
  return { model: name, rules }
}

const own: Rule<Models, 'books'> = ({ user, rows }) => user !== null && rows({ owner: user.id })
/** A book is read when it is open or one's own, a mark where the book is open. */
const policies: readonly Policy[] = [
  policy('users', { read: () => true }),
  policy('books', {
    read: ({ user, rows }) => (user ? rows({ open: true }, { owner: user.id }) : rows({ open: true })),
    create: own,
    update: own,
    delete: own,
  }),
  policy('marks', {
    read: ({ rows }) => rows({ book: { open: true } }),
    create: ({ user, rows }) => user !== null && rows({ user: user.id, book: { open: true } }),
  }),
]

export interface Shelf extends AsyncDisposable {
  readonly database: Database
  readonly system: SystemDb<Models>
  readonly clock: ManualClock
  readonly ann: User
  readonly bob: User
  as(user: User | null): Db<Models>
}
export type Claims = Readonly<Record<string, (shelf: Shelf) => Promise<void>>>

export async function openShelf(url: string): Promise<Shelf> {
  const clock = manualClock()
  const database = await openDatabase({ models, policies, url, migrate: 'auto', clock })
  const system = database.systemDb<Models>()
  const user = async (name: string) =>
    (await system.users.first({ where: { name } })) ?? (await system.users.create({ name, email: `${name}@shelf.test` }))
  return {
    database,
    system,
    clock,
    ann: await user('ann'),
    bob: await user('bob'),
    as: (caller) => database.asCaller<Models>({ user: caller }),
    [Symbol.asyncDispose]: () => database.close(),
  }
}
