import { randomUUID } from 'node:crypto'
import SqliteFile from 'better-sqlite3'
import { type Dialect, Kysely, PostgresDialect, SqliteDialect } from 'kysely'
import { poolOf } from './postgres/bare.ts'
import { pragmas } from './sqlite/bare.ts'
import { type Contender, type Facts, type Post, shown } from './work.ts'

/** Truth and moments as the database keeps them. */
type Stored = number | boolean | Date
interface Tables {
  users: { id: string; name: string; email: string }
  posts: { id: string; title: string; body: string; published: Stored; views: number; at: Stored; owner: string }
}
interface Codec {
  readonly truth: (value: boolean) => Stored
  readonly moment: (value: Date) => Stored
  readonly locksRows: boolean
}

const columns = ['p.id', 'p.title', 'p.body', 'p.published', 'p.views', 'p.at', 'p.owner'] as const

/** Kysely as it comes, on better-sqlite3. */
export function withKyselyOnSqlite(path: string, facts: Facts): Contender {
  const file = new SqliteFile(path)
  for (const pragma of pragmas) file.pragma(pragma)
  const codec = { truth: Number, moment: (value: Date) => value.getTime(), locksRows: false }
  return contender(new SqliteDialect({ database: file }), codec, facts)
}

/** Kysely as it comes, on pg. */
export function withKyselyOnPostgres(url: string, facts: Facts): Contender {
  const codec = { truth: (value: boolean) => value, moment: (value: Date) => value, locksRows: true }
  return contender(new PostgresDialect({ pool: poolOf(url) }), codec, facts)
}

function contender(dialect: Dialect, { truth, moment, locksRows }: Codec, { caller }: Facts): Contender {
  const database = new Kysely<Tables>({ dialect })
  const readable = () =>
    database.selectFrom('posts as p').where((e) => e.or([e('p.published', '=', truth(true)), e('p.owner', '=', caller.id)]))
  return {
    async point(id) {
      return asPost(await database.selectFrom('posts as p').select(columns).where('p.id', '=', id).executeTakeFirstOrThrow())
    },
    async list() {
      const rows = await readable()
        .crossJoin('users as u')
        .whereRef('u.id', '=', 'p.owner')
        .select([...columns, 'u.name', 'u.email'])
        .orderBy('p.at', 'desc')
        .orderBy('p.id', 'desc')
        .limit(shown.list)
        .execute()
      return rows.map(({ name, email, ...post }) => ({ ...asPost(post), owner: { id: post.owner, name, email } }))
    },
    async page() {
      const page = readable().select(columns).orderBy('p.at', 'desc').orderBy('p.id', 'desc')
      const count = readable().select((e) => e.fn.countAll<number>().as('total'))
      const [rows, { total }] = await Promise.all([
        page.limit(shown.page).offset(shown.skipped).execute(),
        count.executeTakeFirstOrThrow(),
      ])
      return { rows: rows.map(asPost), total: Number(total) }
    },
    insert: ({ published, at, ...values }) =>
      database
        .insertInto('posts')
        .values({ id: randomUUID(), ...values, published: truth(published), at: moment(at) })
        .execute(),
    change: (id) =>
      database.transaction().execute(async (open) => {
        const found = open.selectFrom('posts').selectAll().where('id', '=', id)
        const { views } = await (locksRows ? found.forUpdate() : found).executeTakeFirstOrThrow()
        await open
          .updateTable('posts')
          .set({ views: views + 1 })
          .where('id', '=', id)
          .execute()
      }),
    close: () => database.destroy(),
  }
}

function asPost({ id, title, body, published, views, at, owner }: Tables['posts']): Post {
  return { id, title, body, published: Boolean(published), views, at: new Date(Number(at)), owner }
}
