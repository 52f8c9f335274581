import { add, bool, id, optional, partial, pick, text } from 'tapri/data'
import { announce } from '../announce.ts'
import { videosPerPage } from '../constants.ts'
import { videos } from '../models/videos.ts'
import { controller, member, visitor } from '../tapri.ts'

const one = { params: { id: id('videos') } }
const editable = pick(videos, 'title', 'description', 'published')
const search = { q: text({ max: 100, default: '' }), owner: optional(id('users')), after: optional(text({ max: 500 })) }

export const videoController = controller('/videos', {
  list: visitor.get('/', { query: search, summary: 'Published videos, newest first' }, ({ db, query }) =>
    db.videos.page({
      search: query.q,
      where: { published: true, ...(query.owner && { owner: query.owner }) },
      with: { owner: true },
      orderBy: '-at',
      limit: videosPerPage,
      ...(query.after && { after: query.after }),
    }),
  ),

  mine: member.get('/mine', ({ db, user }) => db.videos.find({ where: { owner: user.id }, orderBy: '-at' })),

  get: visitor.get('/:id', one, ({ db, params }) => db.videos.get(params.id, { with: { owner: true } })),

  create: member.post('/', { body: { ...editable, ...pick(videos, 'source') } }, ({ db, body, user }) =>
    db.transaction(async (db) => {
      const video = await db.videos.create({ ...body, owner: user.id })
      if (video.published) await announce(db.asSystem('tell subscribers'), video)
      return video
    }),
  ),

  update: member.patch('/:id', { ...one, body: partial(editable) }, ({ db, params, body }) =>
    db.transaction(async (db) => {
      const before = await db.videos.get(params.id)
      const video = await db.videos.update(params.id, body)
      if (video.published && !before.published) await announce(db.asSystem('tell subscribers'), video)
      return video
    }),
  ),

  remove: member.delete('/:id', one, ({ db, params }) => db.videos.delete(params.id)),

  view: visitor.post('/:id/views', one, async ({ db, params }) => {
    const video = await db.videos.get(params.id)
    await db.asSystem('count a view').videos.update(video.id, { views: add(1) })
  }),

  stats: visitor.get('/:id/stats', one, async ({ db, params, user }) => {
    const { id, views } = await db.videos.get(params.id)
    const likes = await db.likes.count({ where: { video: id } })
    const liked = user !== null && (await db.likes.count({ where: { video: id, user: user.id } })) > 0
    return { views, likes, liked, comments: await db.comments.count({ where: { video: id } }) }
  }),

  like: member.put('/:id/like', { ...one, body: { liked: bool() } }, ({ db, params, body, user }) =>
    db.transaction(async (db) => {
      const mine = { video: params.id, user: user.id }
      const like = await db.likes.first({ where: mine })
      if (body.liked && !like) await db.likes.create(mine)
      if (!body.liked && like) await db.likes.delete(like.id)
    }),
  ),
})
