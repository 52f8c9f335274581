import { randomUUID } from 'node:crypto'
import { defineEntity, type EntityManager, LockMode, p } from '@mikro-orm/core'
import { MikroORM as PostgresOrm } from '@mikro-orm/postgresql'
import { MikroORM as SqliteOrm } from '@mikro-orm/sqlite'
import { connections, placeOf } from './postgres/bare.ts'
import { pragmas } from './sqlite/bare.ts'
import { type Contender, type Facts, type Post, shown } from './work.ts'

const users = defineEntity({
  name: 'User',
  tableName: 'users',
  properties: { id: p.text().primary(), name: p.text(), email: p.text() },
})
const posts = defineEntity({
  name: 'Post',
  tableName: 'posts',
  properties: {
    id: p.text().primary(),
    title: p.text(),
    body: p.text(),
    published: p.boolean(),
    views: p.integer(),
    at: p.datetime(3),
    owner: () => p.manyToOne(users).fieldName('owner').ref(),
  },
})
const entities = [users, posts]

/** MikroORM on better-sqlite3. */
export async function withMikroOnSqlite(path: string, facts: Facts): Promise<Contender> {
  const orm = await SqliteOrm.init({ entities, dbName: path })
  for (const pragma of pragmas) await orm.em.getConnection().execute(`PRAGMA ${pragma}`)
  return contender(orm, facts, undefined)
}

/** MikroORM on pg. */
export async function withMikroOnPostgres(url: string, facts: Facts): Promise<Contender> {
  const { connectionString, options } = placeOf(url)
  const pool = { max: connections }
  const orm = await PostgresOrm.init({
    entities,
    clientUrl: connectionString,
    pool,
    driverOptions: { options },
    // the column is a bigint, read as a number by the parser that all share
    forceUtcTimezone: true,
  })
  return contender(orm, facts, LockMode.PESSIMISTIC_WRITE)
}

interface Orm {
  readonly em: EntityManager
  close(): Promise<void>
}

/** A fork for each request, as its documentation asks; rows as plain objects, as an answer has them. */
function contender(orm: Orm, { caller }: Facts, lockMode: LockMode | undefined): Contender {
  const readable = { $or: [{ published: true }, { owner: caller.id }] }
  const orderBy = [{ at: 'desc' as const }, { id: 'desc' as const }]
  return {
    async point(id) {
      return asPost(await orm.em.fork().findOneOrFail(posts, id))
    },
    async list() {
      const found = await orm.em.fork().find(posts, readable, { orderBy, limit: shown.list, populate: ['owner'] })
      return found.map((post) => {
        const { id, name, email } = post.owner.$
        return { ...asPost(post), owner: { id, name, email } }
      })
    },
    async page() {
      const where = { orderBy, limit: shown.page, offset: shown.skipped }
      const [found, total] = await orm.em.fork().findAndCount(posts, readable, where)
      return { rows: found.map(asPost), total }
    },
    async insert(values) {
      const em = orm.em.fork()
      em.create(posts, { id: randomUUID(), ...values, owner: em.getReference(users, values.owner) })
      await em.flush()
    },
    change: (id) =>
      orm.em.fork().transactional(async (em) => {
        const post = await em.findOneOrFail(posts, id, lockMode === undefined ? {} : { lockMode })
        post.views += 1
      }),
    close: () => orm.close(),
  }
}

type Found = Omit<Post, 'owner'> & { readonly owner: { readonly id: string } }

function asPost({ id, title, body, published, views, at, owner }: Found): Post {
  return { id, title, body, published, views: Number(views), at, owner: owner.id }
}
