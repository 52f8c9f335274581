import { type ManualClock, manualClock } from '../kit/clock.ts'
import {
  belongsTo,
  bool,
  type DatabaseOptions,
  type Db,
  email,
  type FullRow,
  file,
  float,
  hasMany,
  int,
  list,
  model,
  openDatabase,
  optional,
  type Policy,
  type PolicyRules,
  type SystemDb,
  private as secret,
  text,
  time,
} from './index.ts'

/** A small video club that the tests of this room share. */
export const models = {
  users: model({ name: text({ min: 1, max: 80 }), email: secret(email({ unique: true })), videos: hasMany('videos', 'author') }),
  videos: model(
    {
      title: text({ min: 1, max: 120 }),
      published: bool({ default: false }),
      views: int({ min: 0, max: 1_000_000, default: 0 }),
      rating: optional(float()),
      tags: optional(list(text())),
      at: time({ default: 'now' }),
      poster: optional(file({ accept: 'image/*', maxSize: '1mb' })),
      note: secret(optional(text())),
      author: belongsTo('users'),
      reviewer: optional(belongsTo('users', { onDelete: 'null' })),
      comments: hasMany('comments', 'video'),
    },
    { search: ['title'] },
  ),
  comments: model({
    text: text({ min: 1, max: 200 }),
    video: belongsTo('videos', { onDelete: 'cascade' }),
    author: belongsTo('users', { onDelete: 'cascade' }),
    parent: optional(belongsTo('comments', { onDelete: 'cascade' })),
  }),
  likes: model(
    { video: belongsTo('videos', { onDelete: 'cascade' }), user: belongsTo('users', { onDelete: 'cascade' }) },
    { unique: [['video', 'user']] },
  ),
  secrets: model({ text: text() }),
}
export type Models = typeof models
export type User = FullRow<Models, 'users'>

export function policy<const N extends keyof Models & string>(name: N, rules: PolicyRules<Models, N>): Policy {
  return { model: name, rules }
}

/** Videos are read when published or one's own, comments where the video is published. */
export const policies: readonly Policy[] = [
  policy('users', { read: () => true, update: ({ user, rows }) => user !== null && rows({ id: user.id }) }),
  policy('videos', {
    read: ({ user, rows }) => (user ? rows({ published: true }, { author: user.id }) : rows({ published: true })),
    create: ({ user, rows }) => user !== null && rows({ author: user.id }),
    update: ({ user, rows }) => user !== null && rows({ author: user.id }),
    delete: ({ user, rows }) => user !== null && rows({ author: user.id }),
  }),
  policy('comments', {
    read: ({ rows }) => rows({ video: { published: true } }),
    create: ({ user, rows }) => user !== null && rows({ author: user.id, video: { published: true } }),
  }),
  policy('likes', { read: () => true, create: ({ user }) => user !== null, delete: () => true }),
]

export interface Club {
  readonly database: Awaited<ReturnType<typeof openDatabase>>
  readonly system: SystemDb<Models>
  readonly clock: ManualClock
  readonly ann: User
  readonly bob: User
  as(user: User | null, options?: { readOnly?: boolean }): Db<Models>
  [Symbol.asyncDispose](): Promise<void>
}

export async function openClub(options: Partial<DatabaseOptions> = {}): Promise<Club> {
  const clock = manualClock()
  const database = await openDatabase({ models, policies, url: 'sqlite::memory:', migrate: 'auto', clock, ...options })
  const system = database.systemDb<Models>()
  const user = async (name: string) =>
    (await system.users.first({ where: { name } })) ?? (await system.users.create({ name, email: `${name}@club.test` }))
  return {
    database,
    system,
    clock,
    ann: await user('ann'),
    bob: await user('bob'),
    as: (caller, how) => database.asCaller<Models>({ user: caller }, how),
    [Symbol.asyncDispose]: () => database.close(),
  }
}
