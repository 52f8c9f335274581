// What every contender is asked to do, with the same rows, and what Tapri knows of them.
import { belongsTo, bool, hasMany, int, model, text, time } from 'tapri/data'

/** How many rows there are at first. */
export const amounts = { users: 200, posts: 5000 }

export const models = {
  users: model({ name: text({ max: 80 }), email: text({ max: 120 }), posts: hasMany('posts', 'owner') }),
  posts: model(
    {
      title: text({ max: 120 }),
      body: text({ max: 2000 }),
      published: bool({ default: false }),
      views: int({ min: 0, default: 0 }),
      at: time({ default: 'now' }),
      owner: belongsTo('users', { onDelete: 'cascade' }),
    },
    { index: [['at']] },
  ),
}

export interface User {
  readonly id: string
  readonly name: string
  readonly email: string
}
export interface PostValues {
  readonly title: string
  readonly body: string
  readonly published: boolean
  readonly views: number
  readonly at: Date
  readonly owner: string
}
export interface Post extends PostValues {
  readonly id: string
}
export interface PostWithOwner extends Omit<Post, 'owner'> {
  readonly owner: User
}

/** Everybody reads published posts and their own: all contenders ask for that in lists, Tapri by its policy. */
export interface Contender {
  /** One post by its id. */
  point(id: string): Promise<Post>
  /** The 100 newest posts that the caller may read, each with its owner. */
  list(): Promise<readonly PostWithOwner[]>
  /** The third page of 20, newest first, and how many there are in all. */
  page(): Promise<{ readonly rows: readonly Post[]; readonly total: number }>
  /** One post, durable when it answers. */
  insert(values: PostValues): Promise<unknown>
  /** In a transaction: reads a post and adds one to its views. */
  change(id: string): Promise<unknown>
  close(): Promise<void>
}

/** What a contender needs to know of the rows. */
export interface Facts {
  /** The one who asks. */
  readonly caller: User
  /** Posts that the caller owns, for what it changes. */
  readonly owned: readonly string[]
  /** Posts that it may read. */
  readonly readable: readonly string[]
}

export const shown = { list: 100, page: 20, skipped: 40 }

export function userValues(index: number): Omit<User, 'id'> {
  return { name: `Person ${index}`, email: `person${index}@example.com` }
}

export function postValues(index: number, owner: string): PostValues {
  return {
    title: `Kites over the river, part ${index}`,
    body: 'The wind was from the west and the paper held. '.repeat(4),
    published: index % 4 !== 0,
    views: (index * 7919) % 1000,
    at: new Date(Date.UTC(2026, 0, 1) + index * 60_000),
    owner,
  }
}
