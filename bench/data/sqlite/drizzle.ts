import { randomUUID } from 'node:crypto'
import SqliteFile from 'better-sqlite3'
import { count, eq, or, relations, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/better-sqlite3'
import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import { type Contender, type Facts, shown } from '../work.ts'
import { pragmas } from './bare.ts'

const users = sqliteTable('users', {
  id: text().primaryKey(),
  name: text().notNull(),
  email: text().notNull(),
})
const posts = sqliteTable('posts', {
  id: text().primaryKey(),
  title: text().notNull(),
  body: text().notNull(),
  published: integer({ mode: 'boolean' }).notNull(),
  views: integer().notNull(),
  at: integer({ mode: 'timestamp_ms' }).notNull(),
  ownerId: text('owner')
    .notNull()
    .references(() => users.id),
})
const postRelations = relations(posts, ({ one }) => ({
  owner: one(users, { fields: [posts.ownerId], references: [users.id] }),
}))

/** Drizzle on better-sqlite3, its queries prepared once. */
export function withDrizzle(path: string, { caller }: Facts): Contender {
  const file = new SqliteFile(path)
  for (const pragma of pragmas) file.pragma(pragma)
  const database = drizzle(file, { schema: { users, posts, postRelations } })
  const readable = or(eq(posts.published, true), eq(posts.ownerId, sql.placeholder('caller')))
  const one = database
    .select()
    .from(posts)
    .where(eq(posts.id, sql.placeholder('id')))
    .prepare()
  const newest = database.query.posts
    .findMany({
      columns: { ownerId: false },
      where: readable,
      orderBy: (post, { desc }) => [desc(post.at), desc(post.id)],
      limit: shown.list,
      with: { owner: true },
    })
    .prepare()
  const page = database.query.posts
    .findMany({
      where: readable,
      orderBy: (post, { desc }) => [desc(post.at), desc(post.id)],
      limit: shown.page,
      offset: shown.skipped,
    })
    .prepare()
  const total = database.select({ total: count() }).from(posts).where(readable).prepare()
  const values = {
    id: sql.placeholder('id'),
    title: sql.placeholder('title'),
    body: sql.placeholder('body'),
    published: sql.placeholder('published'),
    views: sql.placeholder('views'),
    at: sql.placeholder('at'),
    ownerId: sql.placeholder('owner'),
  }
  const insert = database.insert(posts).values(values).prepare()
  return {
    async point(id) {
      const found = one.get({ id })
      if (found === undefined) throw new Error(`no post ${id}`)
      const { ownerId: owner, ...rest } = found
      return { ...rest, owner }
    },
    list: async () => newest.execute({ caller: caller.id }),
    async page() {
      const rows = await page.execute({ caller: caller.id })
      return {
        rows: rows.map(({ ownerId: owner, ...rest }) => ({ ...rest, owner })),
        total: total.get({ caller: caller.id })?.total ?? 0,
      }
    },
    async insert(post) {
      insert.run({ id: randomUUID(), ...post })
    },
    async change(id) {
      database.transaction(
        (open) => {
          const row = open.select().from(posts).where(eq(posts.id, id)).get()
          open
            .update(posts)
            .set({ views: (row?.views ?? 0) + 1 })
            .where(eq(posts.id, id))
            .run()
        },
        { behavior: 'immediate' },
      )
    },
    close: async () => file.close(),
  }
}
