import { deny, service, tapri } from 'tapri'
import { model, pick, text } from 'tapri/data'
import type { Folder } from 'tapri/http'

const models = { notes: model({ text: text(), board: text() }) }

/** Writes by a database of its own. */
const clerk = service('clerk', ({ db }) => ({ note: (words: string) => db.notes.create({ text: words, board: 'clerk' }) }), {
  models,
})

const { app, controller, policy, visitor } = tapri({ models, services: [clerk] })
const body = pick(models.notes, 'text', 'board')
let made = 0

const notes = controller('/notes', {
  list: visitor.get('/', { query: { board: text() } }, async ({ db, query }) => {
    const notes = await db.notes.find({ where: { board: query.board }, orderBy: 'id' })
    return notes.map((note) => note.text)
  }),
  count: visitor.get('/count', { query: { board: text() } }, ({ db, query }) =>
    db.notes.count({ where: { board: query.board } }),
  ),
  create: visitor.post('/', { body }, async ({ db, body }) => {
    if (body.text === 'forbidden') throw deny('Not here')
    const note = await db.notes.create(body)
    return { id: note.id, number: ++made }
  }),
  nothing: visitor.post('/nothing', () => 'done'),
  dictate: visitor.post('/dictate', ({ services }) => services.clerk.note('dictated')),
  fails: visitor.get('/fails', () => {
    throw deny('Not for you')
  }),
})

/** A board of notes: the smallest app in which somebody writes what others follow. */
export const notesApp = (folders: Readonly<Record<string, Folder>> = {}) =>
  app({ controllers: { notes }, folders, policies: [policy('notes', { read: () => true, create: () => true })] })

export default notesApp()
