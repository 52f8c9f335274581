import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { tapri } from 'tapri'
import { belongsTo, bool, email, private as hidden, int, model, oneOf, text } from 'tapri/data'

const users = model({
  name: text(),
  email: hidden(email({ unique: true })),
  role: oneOf(['reader', 'editor'], { default: 'reader' }),
})
const notes = model({ title: text(), open: bool(), rank: int(), owner: belongsTo('users') })
/** Two purses that hold 100 together, and a clock that each transaction moves on. */
const purses = model({ name: text({ unique: true }), amount: int() })

const { app: make, auth, controller, member, policy, visitor } = tapri({ models: { users, notes, purses } })

const reader = controller('/reader', {
  list: visitor.get('/list', async ({ db }) =>
    (await db.notes.find({ with: { owner: true } })).map(({ title, open, owner }) => `${title} ${open} ${owner.name}`),
  ),
  top: visitor.get('/top', async ({ db }) => (await db.notes.find({ orderBy: '-rank', limit: 3 })).map(({ title }) => title)),
  count: visitor.get('/count', async ({ db }) => [
    await db.notes.count({ where: { or: [{ open: false }, { owner: { role: 'editor' } }] } }),
  ]),
  sum: visitor.get('/sum', async ({ db }) => {
    const left = await heldBy(db, 'left')
    const tick = await heldBy(db, 'tick')
    return [left + (await heldBy(db, 'right')), tick]
  }),
  me: member.get('/me', ({ user }) => [user.name, user.role, user.email]),
})

type Purses = { readonly purses: { first(query: object): Promise<{ amount: number } | null> } }

async function heldBy({ purses }: Purses, name: string): Promise<number> {
  return (await purses.first({ where: { name } }))?.amount ?? 0
}

/** An app in which rights come and go. */
export const simulated = make({
  controllers: { auth: auth({ signUp: { name: users.name, email: users.email } }), reader },
  policies: [
    policy('users', { read: () => true }),
    policy('purses', { read: () => true }),
    policy('notes', {
      read: ({ rows, user }) =>
        user?.role === 'editor' || (user ? rows({ open: true }, { owner: user.id }) : rows({ open: true })),
    }),
  ],
})

type Row = Readonly<Record<string, any>> & { readonly id: string }
/** All rows by model and id. */
export type State = ReadonlyMap<string, ReadonlyMap<string, Row>>

/** What a route must answer a user in a state: written a second time, without queries and policies. */
export function expected(state: State, route: string, user: string | null): readonly unknown[] {
  const all = (name: string) => [...(state.get(name)?.values() ?? [])].sort((one, other) => (one.id < other.id ? -1 : 1))
  const people = state.get('users')
  const me = user === null ? undefined : people?.get(user)
  const seen = all('notes').filter((note) => note.open || me?.role === 'editor' || note.owner === user)
  if (route === 'list') return seen.map(({ title, open, owner }) => `${title} ${open} ${people?.get(owner)?.name}`)
  if (route === 'count') return [seen.filter(({ open, owner }) => !open || people?.get(owner)?.role === 'editor').length]
  if (route === 'sum') return [100, all('purses').find(({ name }) => name === 'tick')?.amount]
  if (route === 'me') return [me?.name, me?.role, me?.email]
  const top = seen.sort((one, other) => other.rank - one.rank || (one.id < other.id ? 1 : -1))
  return top.slice(0, 3).map(({ title }) => title)
}

/** A line between clients and the app on which sockets can be cut at any moment, half frames and all. */
export async function openLine(port: number) {
  const sockets = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect({ port, host: '127.0.0.1' })
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one)
      one.on('error', () => {})
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
      one.pipe(other)
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}/api`,
    get sockets() {
      return [...sockets]
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
