import { id, nothing, pick, row, rows } from 'tapri/data'
import { commentsShown } from '../constants.ts'
import { calm, tooFast } from '../middlewares/calm.ts'
import { comments } from '../models/comments.ts'
import { users } from '../models/users.ts'
import { controller, member, visitor } from '../tapri.ts'

const one = { params: { id: id('comments') } }

export const commentController = controller('/comments', {
  list: visitor.get(
    '/',
    { query: { video: id('videos') }, output: rows(comments, { with: { author: row(users) } }) },
    ({ db, query }) =>
      db.comments.find({ where: { video: query.video }, with: { author: true }, orderBy: '-at', limit: commentsShown }),
  ),

  create: member
    .use(calm)
    .post('/', { body: pick(comments, 'video', 'text'), output: row(comments), errors: tooFast }, ({ db, body, user }) =>
      db.comments.create({ ...body, author: user.id }),
    ),

  update: member.patch('/:id', { ...one, body: pick(comments, 'text'), output: row(comments) }, ({ db, params, body }) =>
    db.comments.update(params.id, body),
  ),

  remove: member.delete('/:id', { ...one, output: nothing }, ({ db, params }) => db.comments.delete(params.id)),
})
