import { type Database, type DatabaseOptions, type Id, openDatabase, type Policy } from 'tapri/data'
import { amounts, type Contender, type Facts, models, type PostValues, postValues, shown, userValues } from './work.ts'

type Models = typeof models

/** The rules that the others write into each of their queries. */
const policies: readonly Policy[] = [
  rulesOf('users', { read: () => true }),
  rulesOf('posts', {
    read: ({ rows, user }) => rows({ published: true }, { owner: user?.id ?? '' }),
    create: ({ rows, user }) => user !== null && rows({ owner: user.id }),
    update: ({ rows, user }) => user !== null && rows({ owner: user.id }),
  }),
]

interface RuleContext {
  readonly user: { readonly id: string } | null
  rows(...any: readonly unknown[]): unknown
}

// The types of policies follow `tapri()`, which no benchmark of the data room alone opens.
function rulesOf(model: keyof Models, rules: Readonly<Record<string, (context: RuleContext) => unknown>>): Policy {
  return { model, rules } as Policy
}

export function optionsOf(url: string): DatabaseOptions {
  return { models, policies, url, migrate: 'auto' }
}

export function open(url: string): Promise<Database> {
  return openDatabase(optionsOf(url))
}

/** Fills an empty database; everybody else gets a copy of these rows. */
export async function fill(database: Database): Promise<Facts> {
  const db = database.systemDb<Models>()
  const users = await db.users.createMany(Array.from({ length: amounts.users }, (_, index) => userValues(index)))
  const ownerOf = (index: number) => users[index % users.length]?.id ?? ''
  const posts: { id: string; published: boolean; owner: string }[] = []
  for (let index = 0; index < amounts.posts; index += 1000) {
    const values = Array.from({ length: 1000 }, (_, at) => ours(postValues(index + at, ownerOf(index + at))))
    for (const { id, published, owner } of await db.posts.createMany(values)) posts.push({ id, published, owner })
  }
  const [caller] = users
  if (caller === undefined) throw new Error('Cannot compare: there are no users')
  return {
    caller: { id: caller.id, name: caller.name, email: caller.email },
    owned: posts.filter(({ owner }) => owner === caller.id).map(({ id }) => id),
    readable: posts.filter(({ owner, published }) => published || owner === caller.id).map(({ id }) => id),
  }
}

/** Tapri as handlers have it: a db for each request, with the policies on. */
export function tapri(database: Database, { caller }: Facts): Contender {
  const dbOf = () => database.asCaller<Models>({ user: { ...caller } })
  return {
    point: (id) => dbOf().posts.get(asId(id)),
    list: () => dbOf().posts.find({ orderBy: '-at', limit: shown.list, with: { owner: true } }),
    async page() {
      const db = dbOf()
      const [rows, total] = await Promise.all([
        db.posts.find({ orderBy: '-at', limit: shown.page, page: 1 + shown.skipped / shown.page }),
        db.posts.count(),
      ])
      return { rows, total }
    },
    insert: (values) => dbOf().posts.create(ours(values)),
    change: (id) =>
      dbOf().transaction(async (db) => {
        const { views } = await db.posts.get(asId(id))
        await db.posts.update(asId(id), { views: views + 1 })
      }),
    close: () => database.close(),
  }
}

function ours({ owner, ...values }: PostValues) {
  return { ...values, owner: asId<'users'>(owner) }
}

// The ids that contenders are given were made by Tapri, or by them for rows that only they change.
function asId<N extends keyof Models>(id: string): Id<N> {
  return id as Id<N>
}
