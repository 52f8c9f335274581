import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rateLimit, tapri } from 'tapri'
import { email, model, pick, text } from 'tapri/data'
import { testApp } from 'tapri/test'

const notes = model({ text: text() })
const users = model({ email: email({ unique: true }) })
const kit = tapri({ models: { users, notes } })
const { app, auth, controller, member, visitor, policy } = kit
let runs = 0
const notePolicy = policy('notes', { read: () => true })
const careful = visitor.use(rateLimit({ requests: 3, per: '1m' }))
const noteController = controller('/notes', {
  list: careful.get('/', ({ db }) => db.notes.find({ orderBy: 'id' })),
  add: visitor.post('/', ({ db }) => db.asSystem('test').notes.create({ text: 'more' })),
  mine: member.use(rateLimit({ requests: 3, per: '1m' })).get('/mine', ({ user }) => ({ runs: ++runs, who: user.id })),
  first: careful.get('/first', ({ db }) => db.notes.first()),
})
const board = app({
  controllers: { auth: auth({ signUp: pick(users, 'email') }), notes: noteController },
  policies: [notePolicy, policy('users', { read: () => true })],
})

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

test('tokens that are shown again and again run no limited route, and are too many at some time', async (t) => {
  await using server = await testApp(board)
  await server.signUp('ann@club.test')
  const token = await server.token('ann@club.test')
  const frames: any[] = []
  const line = new WebSocket(`${server.url.replace('http', 'ws')}/live`, 'tapri.v1')
  t.after(() => line.close())
  const told = Promise.withResolvers<void>()
  line.onmessage = ({ data }) => {
    const frame = JSON.parse(String(data))
    frames.push(frame)
    if (frame.problem?.code === 'TAPRI_LIVE_TOO_FAST') told.resolve()
  }
  await new Promise((resolve) => {
    line.onopen = resolve
  })
  const say = (frame: object) => line.send(JSON.stringify(frame))
  say({ type: 'hello', token })
  say({ type: 'subscribe', id: 1, route: 'notes.mine', input: {} })
  for (let number = 0; number < 11; number++) say({ type: 'auth', token })
  await told.promise
  await server.settled()
  assert.equal(frames.filter(({ type }) => type === 'snapshot').length, 1)
  assert.equal(runs, 1)
})
