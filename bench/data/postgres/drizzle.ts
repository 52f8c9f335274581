import { randomUUID } from 'node:crypto'
import { count, eq, or, relations, sql } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import { bigint, boolean, pgTable, text, timestamp } from 'drizzle-orm/pg-core'
import { type Contender, type Facts, shown } from '../work.ts'
import { poolOf } from './bare.ts'

const users = pgTable('users', {
  id: text().primaryKey(),
  name: text().notNull(),
  email: text().notNull(),
})
const posts = pgTable('posts', {
  id: text().primaryKey(),
  title: text().notNull(),
  body: text().notNull(),
  published: boolean().notNull(),
  views: bigint({ mode: 'number' }).notNull(),
  at: timestamp({ precision: 3, withTimezone: true }).notNull(),
  ownerId: text('owner')
    .notNull()
    .references(() => users.id),
})
const postRelations = relations(posts, ({ one }) => ({
  owner: one(users, { fields: [posts.ownerId], references: [users.id] }),
}))

/** Drizzle on pg, its queries prepared under names. */
export function withDrizzle(url: string, { caller }: Facts): Contender {
  const pool = poolOf(url)
  const database = drizzle(pool, { schema: { users, posts, postRelations } })
  const readable = or(eq(posts.published, true), eq(posts.ownerId, sql.placeholder('caller')))
  const one = database
    .select()
    .from(posts)
    .where(eq(posts.id, sql.placeholder('id')))
    .prepare('one')
  const newest = database.query.posts
    .findMany({
      columns: { ownerId: false },
      where: readable,
      orderBy: (post, { desc }) => [desc(post.at), desc(post.id)],
      limit: shown.list,
      with: { owner: true },
    })
    .prepare('newest')
  const page = database.query.posts
    .findMany({
      where: readable,
      orderBy: (post, { desc }) => [desc(post.at), desc(post.id)],
      limit: shown.page,
      offset: shown.skipped,
    })
    .prepare('page')
  const total = database.select({ total: count() }).from(posts).where(readable).prepare('total')
  const values = {
    id: sql.placeholder('id'),
    title: sql.placeholder('title'),
    body: sql.placeholder('body'),
    published: sql.placeholder('published'),
    views: sql.placeholder('views'),
    at: sql.placeholder('at'),
    ownerId: sql.placeholder('owner'),
  }
  const insert = database.insert(posts).values(values).prepare('insert')
  return {
    async point(id) {
      const [found] = await one.execute({ id })
      if (found === undefined) throw new Error(`no post ${id}`)
      const { ownerId: owner, ...rest } = found
      return { ...rest, owner }
    },
    list: () => newest.execute({ caller: caller.id }),
    async page() {
      const [rows, [counted]] = await Promise.all([page.execute({ caller: caller.id }), total.execute({ caller: caller.id })])
      return { rows: rows.map(({ ownerId: owner, ...rest }) => ({ ...rest, owner })), total: counted?.total ?? 0 }
    },
    insert: (post) => insert.execute({ id: randomUUID(), ...post }),
    change: (id) =>
      database.transaction(async (open) => {
        const [row] = await open.select().from(posts).where(eq(posts.id, id)).for('update')
        await open
          .update(posts)
          .set({ views: (row?.views ?? 0) + 1 })
          .where(eq(posts.id, id))
      }),
    close: () => pool.end(),
  }
}
