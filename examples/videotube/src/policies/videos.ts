import type { Id } from 'tapri/data'
import { policy } from '../tapri.ts'

/** One's own videos, published only when there is something to watch. */
const publishable = (owner: Id<'users'>) =>
  [
    { owner, published: false },
    { owner, source: { not: null } },
  ] as const

export const videoPolicies = [
  policy('videos', {
    read: ({ rows, user }) => (user ? rows({ published: true }, { owner: user.id }) : rows({ published: true })),
    create: ({ rows, user }) => user !== null && rows(...publishable(user.id)),
    update: ({ rows, user }) => user !== null && rows(...publishable(user.id)),
    delete: ({ rows, user }) => user !== null && rows({ owner: user.id }),
  }),

  policy('comments', {
    read: ({ rows, user }) =>
      user ? rows({ video: { published: true } }, { video: { owner: user.id } }) : rows({ video: { published: true } }),
    create: ({ rows, user }) =>
      user !== null && rows({ author: user.id, video: { published: true } }, { author: user.id, video: { owner: user.id } }),
    update: ({ rows, user }) => user !== null && rows({ author: user.id }),
    delete: ({ rows, user }) => user !== null && rows({ author: user.id }),
  }),

  policy('likes', {
    read: ({ rows, user }) =>
      user ? rows({ video: { published: true } }, { video: { owner: user.id } }) : rows({ video: { published: true } }),
    create: ({ rows, user }) => user !== null && rows({ user: user.id, video: { published: true } }),
    delete: ({ rows, user }) => user !== null && rows({ user: user.id }),
  }),
]
