import { add, bool, id, int, nothing, optional, page, partial, pick, row, rows, text } from 'tapri/data'
import { announce } from '../announce.ts'
import { videosPerPage } from '../constants.ts'
import { users } from '../models/users.ts'
import { videos } from '../models/videos.ts'
import { controller, member, visitor } from '../tapri.ts'

const one = { params: { id: id('videos') } }
const editable = pick(videos, 'title', 'description', 'published', 'source')
const owned = { with: { owner: row(users) } }
const search = { q: text({ max: 100, default: '' }), owner: optional(id('users')), after: optional(text({ max: 500 })) }

export const videoController = controller('/videos', {
  list: visitor.get(
    '/',
    { query: search, output: page(videos, owned), summary: 'Published videos, newest first' },
    ({ db, query }) =>
      db.videos.page({
        search: query.q,
        where: { published: true, ...(query.owner && { owner: query.owner }) },
        with: { owner: true },
        orderBy: '-at',
        limit: videosPerPage,
        ...(query.after && { after: query.after }),
      }),
  ),

  mine: member.get('/mine', { output: rows(videos) }, ({ db, user }) =>
    db.videos.find({ where: { owner: user.id }, orderBy: '-at' }),
  ),

  get: visitor.get('/:id', { ...one, output: row(videos, owned) }, ({ db, params }) =>
    db.videos.get(params.id, { with: { owner: true } }),
  ),

  create: member.post('/', { body: editable, output: row(videos) }, ({ db, body, user }) =>
    db.transaction(async (db) => {
      const video = await db.videos.create({ ...body, owner: user.id })
      if (video.published) await announce(db.asSystem('tell subscribers'), video)
      return video
    }),
  ),

  update: member.patch('/:id', { ...one, body: partial(editable), output: row(videos) }, ({ db, params, body }) =>
    db.transaction(async (db) => {
      const before = await db.videos.get(params.id)
      const video = await db.videos.update(params.id, body)
      if (video.published && !before.published) await announce(db.asSystem('tell subscribers'), video)
      return video
    }),
  ),

  remove: member.delete('/:id', { ...one, output: nothing }, ({ db, params }) => db.videos.delete(params.id)),

  view: visitor.post('/:id/views', { ...one, output: nothing }, async ({ db, params }) => {
    const video = await db.videos.get(params.id)
    await db.asSystem('count a view').videos.update(video.id, { views: add(1) })
  }),

  stats: visitor.get(
    '/:id/stats',
    { ...one, output: { likes: int(), liked: bool(), comments: int() } },
    async ({ db, params, user }) => {
      const { id } = await db.videos.get(params.id)
      const likes = await db.likes.count({ where: { video: id } })
      const liked = user !== null && (await db.likes.count({ where: { video: id, user: user.id } })) > 0
      return { likes, liked, comments: await db.comments.count({ where: { video: id } }) }
    },
  ),

  like: member.put('/:id/like', { ...one, body: { liked: bool() }, output: nothing }, ({ db, params, body, user }) =>
    db.transaction(async (db) => {
      const mine = { video: params.id, user: user.id }
      const like = await db.likes.first({ where: mine })
      if (body.liked && !like) await db.likes.create(mine)
      if (!body.liked && like) await db.likes.delete(like.id)
    }),
  ),
})
