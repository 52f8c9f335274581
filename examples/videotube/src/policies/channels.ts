import { policy } from '../tapri.ts'

export const channelPolicies = [
  policy('users', {
    read: () => true,
    update: ({ rows, user }) => user !== null && rows({ id: user.id }),
  }),

  policy('subscriptions', {
    read: () => true,
    create: ({ rows, user }) => user !== null && rows({ follower: user.id, channel: { not: user.id } }),
    delete: ({ rows, user }) => user !== null && rows({ follower: user.id }),
  }),

  // nobody creates one by hand: publishing does, as the system
  policy('notifications', {
    read: ({ rows, user }) => user !== null && rows({ user: user.id }),
    update: ({ rows, user }) => user !== null && rows({ user: user.id }),
  }),
]
