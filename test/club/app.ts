import { tapri } from 'tapri'
import {
  belongsTo,
  bool,
  content,
  email,
  file,
  hasMany,
  private as hidden,
  id,
  int,
  model,
  nothing,
  optional,
  page,
  pick,
  row,
  rows,
  text,
  time,
} from 'tapri/data'

/** A small app that the tests of the upper floors share. */
const users = model({
  name: text({ min: 1, max: 80 }),
  email: hidden(email({ unique: true })),
  videos: hasMany('videos', 'author'),
})
const videos = model({
  title: text({ min: 3, max: 120 }),
  published: bool({ default: false }),
  source: file({ accept: 'video/*', maxSize: '1mb' }),
  author: belongsTo('users'),
  comments: hasMany('comments', 'video'),
})
const comments = model({
  text: text({ min: 1, max: 2000 }),
  at: time({ default: 'now' }),
  video: belongsTo('videos', { onDelete: 'cascade' }),
  author: belongsTo('users'),
})

const kit = tapri({ models: { users, videos, comments }, settings: { GREETING: text({ default: 'Welcome' }) } })
const { controller, member, policy, visitor } = kit
const one = { params: { id: id('videos') } }

const loud = kit.middleware<{ shout: string }>(async ({ settings }, next) => next({ shout: settings.GREETING.toUpperCase() }))

const videoController = controller('/videos', {
  list: visitor.get(
    '/',
    { query: { page: int({ min: 1, default: 1 }) }, output: rows(videos, { with: { author: row(users) } }) },
    ({ db, query }) => db.videos.find({ with: { author: true }, orderBy: '-id', page: query.page, limit: 20 }),
  ),
  archive: visitor.get('/archive', { query: { after: optional(text()) }, output: page(videos) }, ({ db, query }) =>
    db.videos.page({ limit: 2, ...(query.after !== null && { after: query.after }) }),
  ),
  create: member.post('/', { body: pick(videos, 'title', 'source'), output: row(videos) }, ({ db, body, user }) =>
    db.videos.create({ ...body, author: user.id }),
  ),
  publish: member.post('/:id/publish', { ...one, output: row(videos) }, ({ db, params }) =>
    db.videos.update(params.id, { published: true }),
  ),
  remove: member.delete('/:id', { ...one, output: nothing }, ({ db, params }) => db.videos.delete(params.id)),
  comment: member.post(
    '/:id/comments',
    { ...one, body: pick(comments, 'text'), output: row(comments) },
    ({ db, params, body, user }) => db.comments.create({ ...body, video: params.id, author: user.id }),
  ),
  comments: visitor.get('/:id/comments', { ...one, output: rows(comments, { with: { author: row(users) } }) }, ({ db, params }) =>
    db.comments.find({ where: { video: params.id }, with: { author: true }, orderBy: 'at' }),
  ),
})

const doorController = controller('/door', {
  greet: visitor.use(loud).get('/', { output: { shout: text() } }, ({ shout }) => ({ shout })),
  note: visitor.get('/note', { output: content('text/plain') }, ({ reply }) => reply.text('a note')),
  write: visitor.get('/write', ({ db }) => db.asSystem('test').users.create({ name: 'x', email: 'x@y.z' })),
  fail: visitor.get('/fail', () => {
    throw new Error('secret-detail in /etc/club')
  }),
  mine: member.get('/mine', { output: pick(users, 'name', 'email') }, ({ user }) => ({ name: user.name, email: user.email })),
})

export default kit.app({
  controllers: { auth: kit.auth({ signUp: pick(users, 'name', 'email') }), videos: videoController, door: doorController },
  policies: [
    policy('users', { read: () => true }),
    policy('videos', {
      read: ({ rows, user }) => (user ? rows({ published: true }, { author: user.id }) : rows({ published: true })),
      create: ({ user }) => user !== null,
      update: ({ rows, user }) => user !== null && rows({ author: user.id }),
      delete: ({ rows, user }) => user !== null && rows({ author: user.id }),
    }),
    policy('comments', { read: () => true, create: ({ user }) => user !== null }),
  ],
})
