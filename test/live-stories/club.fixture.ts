import { belongsTo, bool, int, model, oneOf, type Policy, text } from '../../packages/tapri/src/data/index.ts'
import type { Handlers } from '../../packages/tapri/src/live/stall.fixture.ts'

const users = model({ name: text({ unique: true }), role: oneOf(['reader', 'editor'], { default: 'reader' }) })
const notes = model({ title: text(), open: bool(), rank: int(), owner: belongsTo('users') })
/** Two purses that hold 100 together: half a transaction would show. */
const purses = model({ name: text({ unique: true }), amount: int() })

export const models = { users, notes, purses }

export const policies: readonly Policy[] = [
  { model: 'users', rules: { read: () => true } },
  { model: 'purses', rules: { read: () => true } },
  {
    model: 'notes',
    rules: {
      read: ({ rows, user }: any) =>
        user?.role === 'editor' || (user === null ? rows({ open: true }) : rows({ open: true }, { owner: user.id })),
    },
  },
]

export const handlers: Handlers = {
  list: async ({ db }) =>
    (await db.notes.find({ with: { owner: true }, orderBy: 'title' })).map(
      ({ title, open, owner }: any) => `${title} ${open} ${owner.name}`,
    ),
  top: ({ db }) => db.notes.find({ orderBy: '-rank', limit: 3, select: { title: true, rank: true } }),
  titles: async ({ db }) => (await db.notes.find({ select: { title: true } })).map(({ title }: any) => title),
  range: ({ db }) => db.notes.find({ where: { rank: { gte: 3, lt: 8 } }, orderBy: 'rank', limit: 20, select: { rank: true } }),
  count: ({ db }) => db.notes.count({ where: { or: [{ open: false }, { owner: { role: 'editor' } }] } }),
  sum: async ({ db }) => {
    const left = await db.purses.first({ where: { name: 'left' } })
    const right = await db.purses.first({ where: { name: 'right' } })
    return (left?.amount ?? 0) + (right?.amount ?? 0)
  },
  left: async ({ db }) => (await db.purses.first({ where: { name: 'left' } }))?.amount ?? null,
  right: async ({ db }) => (await db.purses.first({ where: { name: 'right' } }))?.amount ?? null,
  me: ({ user }) => user && [user.name, Reflect.get(user, 'role')],
}

export type Row = Readonly<Record<string, any>> & { readonly id: string }
/** All rows by model and id. */
export type State = ReadonlyMap<string, ReadonlyMap<string, Row>>

/** What a route must answer a user in a state: written a second time, without queries and policies. */
export function expected(state: State, route: string, userId: string | null): unknown {
  const all = (name: string) => [...(state.get(name)?.values() ?? [])]
  const people = state.get('users')
  const me = userId === null ? undefined : people?.get(userId)
  const seen = all('notes').filter((note) => note.open || me?.role === 'editor' || note.owner === userId)
  const byRank = (one: Row, other: Row) => one.rank - other.rank || (one.id < other.id ? -1 : 1)
  const purse = (name: string): number | undefined => all('purses').find((each) => each.name === name)?.amount
  switch (route) {
    case 'list':
      return seen.sort(byText).map(({ title, open, owner }) => `${title} ${open} ${people?.get(owner)?.name}`)
    case 'titles':
      return seen.sort((one, other) => (one.id < other.id ? -1 : 1)).map(({ title }) => title)
    case 'top':
      return seen
        .sort((one, other) => byRank(other, one))
        .slice(0, 3)
        .map(({ id, title, rank }) => ({ id, title, rank }))
    case 'range':
      return seen
        .filter(({ rank }) => rank >= 3 && rank < 8)
        .sort(byRank)
        .slice(0, 20)
        .map(({ id, rank }) => ({ id, rank }))
    case 'count':
      return seen.filter(({ open, owner }) => !open || people?.get(owner)?.role === 'editor').length
    case 'sum':
      return (purse('left') ?? 0) + (purse('right') ?? 0)
    case 'me':
      return me === undefined ? null : [me.name, me.role]
    default:
      return purse(route) ?? null
  }
}

function byText(one: Row, other: Row): number {
  if (one.title !== other.title) return one.title < other.title ? -1 : 1
  return one.id < other.id ? -1 : 1
}
