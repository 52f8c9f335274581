// What the types must refuse: each line below a directive has to fail, or the compiler complains.

import { tapri } from 'tapri'
import { client } from 'tapri/client'
import {
  belongsTo,
  email,
  private as hidden,
  type Id,
  id,
  int,
  listOf,
  model,
  optional,
  page,
  row,
  rows,
  text,
  time,
} from 'tapri/data'
import type app from './app.ts'

const users = model({ name: text(), mail: hidden(email()) })
const notes = model({ text: text(), at: time(), by: optional(belongsTo('users')) })
const kit = tapri({ models: { users, notes } })

const api = client<typeof app>('http://localhost/api')
const second = await api.videos.list({ page: 2 })
const first = second[0]
if (first === undefined) throw new Error('The list is empty')

const name: string = first.author.name
const size: number = first.source.size
// @ts-expect-error page is a number
await api.videos.list({ page: 'two' })
// @ts-expect-error there is no such input
await api.videos.list({ pages: 2 })
// @ts-expect-error title is required
await api.videos.create({ source: new Blob() })
// @ts-expect-error a comment id is not a video id
await api.videos.publish({ id: 'x' as unknown as Id<'comments'> })
// @ts-expect-error comments were not loaded
first.comments
// @ts-expect-error an e-mail address is private
first.author.email
// @ts-expect-error only a GET can be followed live
api.videos.publish.live({ id: first.id }, () => {})
// @ts-expect-error there is no such route
api.videos.watch

const stop: () => void = api.videos.comments.live({ id: first.id }, (rows) => {
  const at: Date | undefined = rows[0]?.at
  void at
})
const me = await api.auth.me()
const own: string | undefined = me?.email
// @ts-expect-error a password is required
await api.auth.signUp({ name: 'Ann', email: 'ann@club.test' })
void [name, size, stop, own]

// what a route says that it answers, its handler must give
kit.visitor.get('/', { output: { likes: int() } }, () => ({ likes: 3 }))
// @ts-expect-error likes are a number
kit.visitor.get('/', { output: { likes: int() } }, () => ({ likes: 'many' }))
kit.visitor.get('/:id', { params: { id: id('notes') }, output: row(notes) }, ({ db, params }) => db.notes.get(params.id))
// @ts-expect-error these are many
kit.visitor.get('/', { output: row(notes) }, ({ db }) => db.notes.find())
kit.visitor.get('/', { output: page(notes, { with: { by: row(users) } }) }, ({ db }) => db.notes.page({ with: { by: true } }))
// @ts-expect-error who wrote them was not loaded
kit.visitor.get('/', { output: page(notes, { with: { by: row(users) } }) }, ({ db }) => db.notes.page())
// @ts-expect-error the time was not selected
kit.visitor.get('/', { output: rows(notes) }, ({ db }) => db.notes.find({ select: { text: true } }))
kit.visitor.get('/', { output: rows(notes, { select: ['text'] }) }, ({ db }) => db.notes.find({ select: { text: true } }))
// @ts-expect-error a note may have no author
kit.visitor.get('/', { output: listOf({ by: id('users') }) }, ({ db }) => db.notes.find())
kit.visitor.get('/', { output: row(users, { private: true }) }, ({ db }) => db.asSystem('type').users.get(first.author.id))
// @ts-expect-error its e-mail address is private
kit.visitor.get('/', { output: row(users, { private: true }) }, ({ db }) => db.users.get(first.author.id))
kit.visitor.get('/', { output: row(notes) }, ({ reply }) => reply.text('as I like'))
