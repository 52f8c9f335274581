import { randomBytes, randomUUID } from 'node:crypto'
import { type ClientSession, type Collection, MongoClient } from 'mongodb'
import mongoose from 'mongoose'
import { type Arena, closeAll } from './arena.ts'
import { fill, open, tapri } from './tapri.ts'
import { type Contender, type Facts, type Post, type PostValues, shown, type User } from './work.ts'

type Stored<T> = Omit<T, 'id'> & { _id: string }
type StoredPost = Stored<Post>

const newest = { at: -1, _id: -1 } as const

/** A database for each, with the same documents and indexes. */
export async function mongoArena(server: string, options: { orms: boolean }): Promise<Arena> {
  const mark = `bench_${randomBytes(4).toString('hex')}`
  const names = ['tapri', 'bare', ...(options.orms ? ['mongoose'] : [])]
  const urlOf = (name: string) => {
    const url = new URL(server)
    url.pathname = `/${mark}_${name}`
    return url.href
  }
  const database = await open(urlOf('tapri'))
  const facts = await fill(database)
  const admin = new MongoClient(server)
  for (const name of names.slice(1)) await copy(admin, `${mark}_tapri`, `${mark}_${name}`)
  const contenders = new Map<string, Contender>([
    ['tapri', tapri(database, facts)],
    ['bare', bare(urlOf('bare'), facts)],
  ])
  if (options.orms) contenders.set('mongoose', await withMongoose(urlOf('mongoose'), facts))
  return {
    database: 'mongodb',
    callers: 16,
    facts,
    contenders,
    async close() {
      await closeAll(contenders.values())
      for (const name of names) await admin.db(`${mark}_${name}`).dropDatabase()
      await admin.close()
    },
  }
}

async function copy(admin: MongoClient, from: string, to: string): Promise<void> {
  const users = await admin.db(from).collection<Stored<User>>('users').find().toArray()
  const posts = await admin.db(from).collection<StoredPost>('posts').find().toArray()
  await admin.db(to).collection<Stored<User>>('users').insertMany(users)
  await admin.db(to).collection<StoredPost>('posts').insertMany(posts)
  await admin.db(to).collection('posts').createIndex(newest)
  await admin.db(to).collection('posts').createIndex({ owner: 1 })
}

/** The vendor's driver: what a careful person writes for these queries alone. */
function bare(url: string, { caller }: Facts): Contender {
  const client = new MongoClient(url, { maxPoolSize: 10 })
  const users: Collection<Stored<User>> = client.db().collection('users')
  const posts: Collection<StoredPost> = client.db().collection('posts')
  const readable = { $or: [{ published: true }, { owner: caller.id }] }
  return {
    async point(id) {
      const found = await posts.findOne({ _id: id })
      if (found === null) throw new Error(`no post ${id}`)
      return asPost(found)
    },
    async list() {
      const found = await posts.find(readable).sort(newest).limit(shown.list).toArray()
      const ids = [...new Set(found.map(({ owner }) => owner))]
      const owners = await users.find({ _id: { $in: ids } }).toArray()
      const byId = new Map(owners.map(({ _id, name, email }) => [_id, { id: _id, name, email }]))
      return found.map((post) => ({ ...asPost(post), owner: ownerOf(byId, post.owner) }))
    },
    async page() {
      const page = posts.find(readable).sort(newest).skip(shown.skipped).limit(shown.page)
      const [rows, total] = await Promise.all([page.toArray(), posts.countDocuments(readable)])
      return { rows: rows.map(asPost), total }
    },
    insert: (values) => posts.insertOne({ _id: randomUUID(), ...values }),
    change: (id) =>
      client.withSession((session) =>
        session.withTransaction(async () => {
          const found = await posts.findOne({ _id: id }, { session })
          await posts.updateOne({ _id: id }, { $set: { views: (found?.views ?? 0) + 1 } }, { session })
        }),
      ),
    close: () => client.close(),
  }
}

/** Mongoose, its reads lean, as its documentation advises for speed. */
async function withMongoose(url: string, { caller }: Facts): Promise<Contender> {
  const connection = await mongoose.createConnection(url, { maxPoolSize: 10, autoIndex: false, autoCreate: false }).asPromise()
  const options = { versionKey: false } as const
  const userSchema = new mongoose.Schema<Stored<User>>(
    { _id: String, name: { type: String, required: true }, email: { type: String, required: true } },
    options,
  )
  const postSchema = new mongoose.Schema<StoredPost>(
    {
      _id: String,
      title: { type: String, required: true },
      body: { type: String, required: true },
      published: { type: Boolean, required: true },
      views: { type: Number, required: true, min: 0 },
      at: { type: Date, required: true },
      owner: { type: String, ref: 'users', required: true },
    },
    options,
  )
  connection.model('users', userSchema, 'users')
  const posts = connection.model('posts', postSchema, 'posts')
  const readable = { $or: [{ published: true }, { owner: caller.id }] }
  return {
    async point(id) {
      return asPost(await posts.findById(id).orFail().lean())
    },
    async list() {
      const found = await posts
        .find(readable)
        .sort(newest)
        .limit(shown.list)
        .populate<{ owner: Stored<User> }>('owner')
        .lean<(Omit<StoredPost, 'owner'> & { owner: Stored<User> })[]>()
      return found.map(({ owner: { _id, name, email }, ...post }) => ({
        ...asPost({ ...post, owner: _id }),
        owner: { id: _id, name, email },
      }))
    },
    async page() {
      const page = posts.find(readable).sort(newest).skip(shown.skipped).limit(shown.page).lean()
      const [rows, total] = await Promise.all([page, posts.countDocuments(readable)])
      return { rows: rows.map(asPost), total }
    },
    insert: (values: PostValues) => posts.create({ _id: randomUUID(), ...values }),
    change: (id) =>
      connection.transaction(async (session: ClientSession) => {
        const post = await posts.findById(id).session(session).orFail()
        await post.set('views', post.views + 1).save({ session })
      }),
    close: () => connection.close(),
  }
}

function asPost({ _id, title, body, published, views, at, owner }: StoredPost): Post {
  return { id: _id, title, body, published, views, at, owner }
}

function ownerOf(owners: ReadonlyMap<string, User>, id: string): User {
  const owner = owners.get(id)
  if (owner === undefined) throw new Error(`no user ${id}`)
  return owner
}
