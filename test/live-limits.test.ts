import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rateLimit, tapri } from 'tapri'
import { model, text } from 'tapri/data'
import { testApp } from 'tapri/test'

const notes = model({ text: text() })
const kit = tapri({ models: { notes } })
const { app, controller, visitor, policy } = kit
const notePolicy = policy('notes', { read: () => true })
const careful = visitor.use(rateLimit({ requests: 3, per: '1m' }))
const noteController = controller('/notes', {
  list: careful.get('/', ({ db }) => db.notes.find({ orderBy: 'id' })),
  add: visitor.post('/', ({ db }) => db.asSystem('test').notes.create({ text: 'more' })),
  first: careful.get('/first', ({ db }) => db.notes.first()),
})
const board = app({ controllers: { notes: noteController }, policies: [notePolicy] })

test('what others write neither ends a subscription to a limited route nor uses up what its caller may ask', async () => {
  await using server = await testApp(board)
  const seen: number[] = []
  const errors: Error[] = []
  const stop = server.guest.notes.list.live({}, (rows) => seen.push(rows.length), { onError: (error) => errors.push(error) })
  await server.guest.notes.first()
  for (let number = 0; number < 10; number++) await server.guest.notes.add()
  await server.guest.notes.first()
  assert.deepEqual([seen.at(-1), errors], [10, []])
  await assert.rejects(server.guest.notes.first(), { code: 'TAPRI_HTTP_TOO_MANY' })
  stop()
})

test('subscriptions count as requests when they begin', async () => {
  await using server = await testApp(board)
  for (let number = 0; number < 3; number++) await server.guest.notes.first()
  const seen: number[] = []
  const stop = server.guest.notes.list.live({}, (rows) => seen.push(rows.length))
  await server.guest.notes.add()
  assert.deepEqual(seen, [])
  stop()
})
