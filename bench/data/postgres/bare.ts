import { randomUUID } from 'node:crypto'
import pg from 'pg'
import { type Contender, type Facts, type Post, type PostWithOwner, shown } from '../work.ts'

/** As many connections as Tapri has for requests unless told. */
export const connections = 10

const posts = 'p.id, p.title, p.body, p.published, p.views, p.at, p.owner'
const readable = '(p.published or p.owner = $1)'
const texts = {
  one: `select ${posts} from posts p where p.id = $1`,
  locked: `select ${posts} from posts p where p.id = $1 for update`,
  newest: `select ${posts}, u.name, u.email from posts p join users u on u.id = p.owner where ${readable} order by p.at desc, p.id desc limit $2`,
  page: `select ${posts} from posts p where ${readable} order by p.at desc, p.id desc limit $2 offset $3`,
  count: `select count(*) from posts p where ${readable}`,
  insert: 'insert into posts (id, title, body, published, views, at, owner) values ($1, $2, $3, $4, $5, $6, $7)',
  update: 'update posts set views = $1 where id = $2',
}

const bigints = 20

export function poolOf(url: string): pg.Pool {
  pg.types.setTypeParser(bigints, Number)
  return new pg.Pool({ ...placeOf(url), max: connections })
}

/** The server, and the schema as its only path. */
export function placeOf(url: string): { readonly connectionString: string; readonly options: string } {
  const place = new URL(url)
  const schema = place.searchParams.get('schema') ?? 'public'
  place.search = ''
  return { connectionString: place.href, options: `-c search_path=${schema} -c timezone=UTC` }
}

/** pg with named statements: what a careful person writes for these queries alone. */
export function bare(url: string, { caller }: Facts): Contender {
  const pool = poolOf(url)
  const asked = (name: keyof typeof texts, values: unknown[]) => ({ name, text: texts[name], values, rowMode: 'array' as const })
  return {
    async point(id) {
      const [row] = (await pool.query(asked('one', [id]))).rows
      if (row === undefined) throw new Error(`no post ${id}`)
      return asPost(row)
    },
    list: async () => (await pool.query(asked('newest', [caller.id, shown.list]))).rows.map(withOwner),
    async page() {
      const [page, count] = await Promise.all([
        pool.query(asked('page', [caller.id, shown.page, shown.skipped])),
        pool.query(asked('count', [caller.id])),
      ])
      return { rows: page.rows.map(asPost), total: Number(count.rows[0]?.[0]) }
    },
    insert: ({ title, body, published, views, at, owner }) =>
      pool.query(asked('insert', [randomUUID(), title, body, published, views, at, owner])),
    async change(id) {
      const client = await pool.connect()
      try {
        await client.query('begin')
        const { rows } = await client.query(asked('locked', [id]))
        await client.query(asked('update', [Number(rows[0]?.[4]) + 1, id]))
        await client.query('commit')
      } finally {
        client.release()
      }
    },
    close: () => pool.end(),
  }
}

// Rows come as arrays in the order of the columns that are asked for, read by the package's own parsers.
function asPost(row: unknown[]): Post {
  const [id, title, body, published, views, at, owner] = row as [string, string, string, boolean, number, Date, string]
  return { id, title, body, published, views, at, owner }
}

function withOwner(row: unknown[]): PostWithOwner {
  const [name, email] = row.slice(7) as [string, string]
  const post = asPost(row)
  return { ...post, owner: { id: post.owner, name, email } }
}
