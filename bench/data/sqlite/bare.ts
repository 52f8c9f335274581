import { randomUUID } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { type Contender, type Facts, type Post, type PostWithOwner, shown } from '../work.ts'

/** The settings of every file in the comparison. */
export const pragmas = [
  'busy_timeout = 5000',
  'journal_mode = WAL',
  'synchronous = FULL',
  'foreign_keys = ON',
  'cache_size = -16000',
  'temp_store = MEMORY',
]

const posts = 'p.id, p.title, p.body, p.published, p.views, p.at, p.owner'
const readable = '(p.published = 1 or p.owner = ?)'

/** node:sqlite with statements prepared once: what a careful person writes for these queries alone. */
export function bare(path: string, { caller }: Facts): Contender {
  const database = new DatabaseSync(path)
  for (const pragma of pragmas) database.exec(`PRAGMA ${pragma}`)
  const one = database.prepare(`select ${posts} from posts p where p.id = ?`)
  // `cross join` keeps SQLite from beginning with the users, which costs it seven times as much
  const newest = database.prepare(
    `select ${posts}, u.name, u.email from posts p cross join users u where u.id = p.owner and ${readable} order by p.at desc, p.id desc limit ?`,
  )
  newest.setReturnArrays(true)
  const page = database.prepare(`select ${posts} from posts p where ${readable} order by p.at desc, p.id desc limit ? offset ?`)
  page.setReturnArrays(true)
  const count = database.prepare(`select count(*) as total from posts p where ${readable}`)
  const insert = database.prepare('insert into posts (id, title, body, published, views, at, owner) values (?, ?, ?, ?, ?, ?, ?)')
  const update = database.prepare('update posts set views = ? where id = ?')
  const begin = database.prepare('begin immediate')
  const commit = database.prepare('commit')
  return {
    async point(id) {
      const row = one.get(id)
      if (row === undefined) throw new Error(`no post ${id}`)
      return asPost([row.id, row.title, row.body, row.published, row.views, row.at, row.owner])
    },
    list: async () => newest.all(caller.id, shown.list).map(withOwner),
    async page() {
      const rows = page.all(caller.id, shown.page, shown.skipped).map(asPost)
      return { rows, total: Number(count.get(caller.id)?.total) }
    },
    async insert({ title, body, published, views, at, owner }) {
      insert.run(randomUUID(), title, body, published ? 1 : 0, views, at.getTime(), owner)
    },
    async change(id) {
      begin.run()
      update.run(Number(one.get(id)?.views) + 1, id)
      commit.run()
    },
    close: async () => database.close(),
  }
}

/** Tells the planner of everybody's copy how the rows are spread. */
export function analyze(path: string): void {
  const database = new DatabaseSync(path)
  database.exec('analyze')
  database.close()
}

// With setReturnArrays(true) every row is an array, in the order of the columns; @types/node does not say so.
function asPost(row: unknown): Post {
  const [id, title, body, published, views, at, owner] = row as [string, string, string, number, number, number, string]
  return { id, title, body, published: published === 1, views, at: new Date(at), owner }
}

function withOwner(row: unknown): PostWithOwner {
  const [name, email] = (row as unknown[]).slice(7) as [string, string]
  const post = asPost(row)
  return { ...post, owner: { id: post.owner, name, email } }
}
