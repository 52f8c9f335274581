import { randomBytes, randomUUID } from 'node:crypto'
import mysql, { type Pool, type RowDataPacket } from 'mysql2/promise'
import { type Arena, closeAll } from './arena.ts'
import { fill, open, tapri } from './tapri.ts'
import { type Contender, type Facts, type Post, type PostWithOwner, shown } from './work.ts'

const connections = 10

const posts = 'p.id, p.title, p.body, p.published, p.views, p.at, p.owner'
const readable = '(p.published = 1 or p.owner = ?)'
// limits are written out: MySQL takes no placeholder of a number there,
// and sorts all that it joins unless the rows are chosen first
const texts = {
  one: `select ${posts} from posts p where p.id = ?`,
  locked: `select ${posts} from posts p where p.id = ? for update`,
  newest: `select ${posts}, u.name, u.email from (select * from posts p where ${readable} order by p.at desc, p.id desc limit ${shown.list}) p straight_join users u on u.id = p.owner order by p.at desc, p.id desc`,
  page: `select ${posts} from posts p where ${readable} order by p.at desc, p.id desc limit ${shown.page} offset ${shown.skipped}`,
  count: `select count(*) from posts p where ${readable}`,
  insert: 'insert into posts (id, title, body, published, views, at, owner) values (?, ?, ?, ?, ?, ?, ?)',
  update: 'update posts set views = ? where id = ?',
}

/** A database for each, with the same rows, keys and indexes. */
export async function mysqlArena(server: string, database: 'mysql' | 'mariadb'): Promise<Arena> {
  const mark = `bench_${randomBytes(4).toString('hex')}`
  const names = ['tapri', 'bare']
  const urlOf = (name: string) => {
    const url = new URL(server)
    url.pathname = `/${mark}_${name}`
    return url.href
  }
  const admin = poolOf(server)
  for (const name of names) await admin.query(`create database ${mark}_${name}`)
  const ours = await open(urlOf('tapri'))
  const facts = await fill(ours)
  for (const table of ['users', 'posts']) {
    await admin.query(`create table ${mark}_bare.${table} like ${mark}_tapri.${table}`)
    await admin.query(`insert into ${mark}_bare.${table} select * from ${mark}_tapri.${table}`)
  }
  await admin.query(`alter table ${mark}_bare.posts add foreign key (owner) references ${mark}_bare.users (id)`)
  const contenders = new Map<string, Contender>([
    ['tapri', tapri(ours, facts)],
    ['bare', bare(urlOf('bare'), facts)],
  ])
  return {
    database,
    callers: 16,
    facts,
    contenders,
    async close() {
      await closeAll(contenders.values())
      for (const name of names) await admin.query(`drop database ${mark}_${name}`)
      await admin.end()
    },
  }
}

function poolOf(url: string): Pool {
  return mysql.createPool({ uri: url, connectionLimit: connections, timezone: 'Z', supportBigNumbers: true })
}

/** mysql2 with prepared statements: what a careful person writes for these queries alone. */
function bare(url: string, { caller }: Facts): Contender {
  const pool = poolOf(url)
  const rows = async (sql: string, values: (string | number)[]) => {
    const [found] = await pool.execute<RowDataPacket[][]>({ sql, rowsAsArray: true }, values)
    return found
  }
  return {
    async point(id) {
      const [row] = await rows(texts.one, [id])
      if (row === undefined) throw new Error(`no post ${id}`)
      return asPost(row)
    },
    list: async () => (await rows(texts.newest, [caller.id])).map(withOwner),
    async page() {
      const [page, count] = await Promise.all([rows(texts.page, [caller.id]), rows(texts.count, [caller.id])])
      return { rows: page.map(asPost), total: Number(count[0]?.[0]) }
    },
    insert: ({ title, body, published, views, at, owner }) =>
      pool.execute(texts.insert, [randomUUID(), title, body, published ? 1 : 0, views, at.getTime(), owner]),
    async change(id) {
      const connection = await pool.getConnection()
      try {
        await connection.beginTransaction()
        const [found] = await connection.execute<RowDataPacket[][]>({ sql: texts.locked, rowsAsArray: true }, [id])
        await connection.execute(texts.update, [Number(found[0]?.[4]) + 1, id])
        await connection.commit()
      } finally {
        connection.release()
      }
    },
    close: () => pool.end(),
  }
}

// Rows come as arrays in the order of the columns that are asked for; times are kept as milliseconds.
function asPost(row: readonly unknown[]): Post {
  const [id, title, body, published, views, at, owner] = row as [string, string, string, number, number, number, string]
  return { id, title, body, published: published === 1, views, at: new Date(at), owner }
}

function withOwner(row: readonly unknown[]): PostWithOwner {
  const [name, email] = row.slice(7) as [string, string]
  const post = asPost(row)
  return { ...post, owner: { id: post.owner, name, email } }
}
