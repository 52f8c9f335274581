import { bool, id, int, nothing, partial, pick, row, rows, text } from 'tapri/data'
import { users } from '../models/users.ts'
import { controller, member, visitor } from '../tapri.ts'

const one = { params: { id: id('users') } }
const channel = row(users, { with: { videos: int(), followers: int(), following: bool() } })

export const channelController = controller('/channels', {
  get: visitor.get('/:id', { ...one, output: channel }, async ({ db, params, user }) => {
    const channel = await db.users.get(params.id)
    const of = { channel: channel.id }
    return {
      ...channel,
      videos: await db.videos.count({ where: { owner: channel.id, published: true } }),
      followers: await db.subscriptions.count({ where: of }),
      following: user !== null && (await db.subscriptions.count({ where: { ...of, follower: user.id } })) > 0,
    }
  }),

  live: visitor.get('/live', { output: rows(users) }, ({ db }) => db.users.find({ where: { live: { not: null } } })),

  goLive: member.post('/me/live', { output: { url: text() } }, async ({ files, user }) => ({
    url: await files.newPushUrl({ model: 'users', id: user.id, field: 'live' }),
  })),

  follow: member.put('/:id/follow', { ...one, body: { following: bool() }, output: nothing }, ({ db, params, body, user }) =>
    db.transaction(async (db) => {
      const mine = { channel: params.id, follower: user.id }
      const subscription = await db.subscriptions.first({ where: mine })
      if (body.following && !subscription) await db.subscriptions.create(mine)
      if (!body.following && subscription) await db.subscriptions.delete(subscription.id)
    }),
  ),

  update: member.patch('/me', { body: partial(pick(users, 'name', 'about')), output: row(users) }, ({ db, body, user }) =>
    db.users.update(user.id, body),
  ),

  setAvatar: member.put('/me/avatar', { body: pick(users, 'avatar'), output: row(users) }, ({ db, body, user }) =>
    db.users.update(user.id, body),
  ),
})
