import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deny, TapriError, tapri } from 'tapri'
import { client, hasCode } from 'tapri/client'
import { email, file, id, int, model, pick, text, time } from 'tapri/data'
import { testApp } from 'tapri/test'

const models = {
  users: model({ name: text(), email: email({ unique: true }) }),
  kites: model({ name: text({ min: 1 }), at: time({ default: 'now' }), picture: file({ accept: 'image/*', maxSize: '5mb' }) }),
}
const { app, auth, controller, member, policy, visitor } = tapri({ models })

/** Let through by the test, which says so when the first line is there. */
const first = Promise.withResolvers<void>()

async function* bytes() {
  yield new Uint8Array(200_000)
}

async function* numbers() {
  yield { number: 1, at: new Date(1) }
  await first.promise
  yield { number: 2, at: new Date(2) }
}

async function* ticks(from: number) {
  for (let id = from + 1; id <= 3; id++) yield { event: 'tick' as const, id: String(id), data: { at: new Date(id), text: '5' } }
}

const kinds = controller('/kinds', {
  json: visitor.get('/json', () => ({ at: new Date(7), text: '~t' })),
  text: visitor.get('/text', () => 'naïve'),
  page: visitor.get('/page', ({ reply }) => reply.html('<h1>Kites</h1>')),
  bytes: visitor.get('/bytes', () => new Uint8Array([1, 2, 3])),
  stream: visitor.get('/stream', ({ reply }) => reply.stream(bytes(), { size: 200_000 })),
  file: visitor.get('/file', ({ reply }) => reply.file(import.meta.filename)),
  nothing: visitor.delete('/nothing', () => undefined),
  absent: visitor.get('/absent', () => null),
  moved: visitor.get('/moved', ({ reply }) => reply.redirect('/api/kinds/text')),
  standard: visitor.get(
    '/standard',
    () => new Response('{"from":"Response"}', { headers: { 'content-type': 'application/json' } }),
  ),
  lines: visitor.get('/lines', ({ reply }) => reply.lines(numbers())),
  events: visitor.get('/events', ({ reply, request }) => reply.events(ticks(Number(request.headers['last-event-id'] ?? 0)))),
  form: visitor.post('/form', { body: { name: text(), age: int({ min: 0 }) } }, ({ body }) => body),
})
const kites = controller('/kites', {
  create: member.post('/', { body: pick(models.kites, 'name', 'picture') }, ({ db, body }) => db.kites.create(body)),
  get: visitor.get('/:id', { params: { id: id('kites') } }, ({ db, params }) => db.kites.get(params.id)),
})
const club = controller('/club', {
  join: visitor.post('/join', { body: { name: text({ min: 1 }) }, errors: { CLUB_FULL: 409 } }, ({ body }) => {
    if (body.name === 'Bob') throw deny('Bob is banned')
    if (body.name !== 'Ann') throw new TapriError('CLUB_FULL', 'Cannot join: 12 of 12', { status: 409, facts: { members: 12 } })
    return { member: body.name }
  }),
})
const whole = app({
  controllers: { auth: auth({ signUp: pick(models.users, 'name', 'email') }), kinds, kites, club },
  policies: [policy('users', { read: () => true }), policy('kites', { read: () => true, create: () => true })],
})

test('every kind of answer arrives as what the handler gave, and its type says so', async () => {
  await using started = await testApp(whole)
  const { kinds } = started.guest
  const json: { at: Date; text: string } = await kinds.json()
  assert.deepEqual(json, { at: new Date(7), text: '~t' })
  const plain: string = await kinds.text()
  assert.equal(plain, 'naïve')
  const page: string = await kinds.page()
  assert.equal(page, '<h1>Kites</h1>')
  const bytes: Blob = await kinds.bytes()
  assert.deepEqual(new Uint8Array(await bytes.arrayBuffer()), new Uint8Array([1, 2, 3]))
  const stream: Blob | string = await kinds.stream()
  assert.ok(stream instanceof Blob && stream.size === 200_000)
  const source: Blob | string = await kinds.file()
  assert.ok(source instanceof Blob || source.includes('every kind of answer'))
  const nothing: undefined = await kinds.nothing()
  assert.equal(nothing, undefined)
  const absent: null = await kinds.absent()
  assert.equal(absent, null)
  assert.equal(await kinds.moved(), 'naïve')
  const standard: unknown = await kinds.standard()
  assert.deepEqual(standard, { from: 'Response' })
  assert.deepEqual(await kinds.form({ name: 'Ann', age: 7 }), { name: 'Ann', age: 7 })
})

test('lines arrive one by one, typed as the handler gives them', async () => {
  await using started = await testApp(whole)
  const seen: { number: number; at: Date }[] = []
  for await (const line of await started.guest.kinds.lines()) {
    seen.push(line)
    // the second is made only once the first has been seen
    first.resolve()
  }
  assert.deepEqual(seen, [
    { number: 1, at: new Date(1) },
    { number: 2, at: new Date(2) },
  ])
})

test('events arrive typed, until their source ends', async () => {
  await using started = await testApp(whole)
  const seen: string[] = []
  for await (const { event, id, data } of await started.guest.kinds.events()) {
    const name: 'tick' = event
    const at: Date = data.at
    const text: string = data.text
    seen.push(`${name} ${id} ${at.getTime()} ${typeof text}`)
  }
  assert.deepEqual(seen, ['tick 1 1 string', 'tick 2 2 string', 'tick 3 3 string'])
})

test('files go up with progress and come down again, and whether there is one can be asked', async () => {
  await using started = await testApp(whole)
  const ann = await started.signUp('ann@kites.test')
  const sent: number[] = []
  const picture = started.file('delta.png', 300_000)
  const kite = await ann.kites.create({ name: 'delta', picture }, { onProgress: (progress) => sent.push(progress.sent) })
  assert.ok(sent.length > 2 && sent[0] === 0)
  const answer = await fetch(new URL(kite.picture.url, started.url))
  assert.deepEqual(await answer.bytes(), await picture.bytes())
  assert.equal(await ann.kites.get.exists({ id: kite.id }), true)
  const { headers } = await ann.kites.get.response({ id: kite.id })
  assert.match(headers.get('etag') ?? '', /^W\//)
  await started.db.kites.delete(kite.id)
  assert.equal(await ann.kites.get.exists({ id: kite.id }), false)
})

test('a refusal is known by its code: those of Tapri, and those that the route declares', async () => {
  await using started = await testApp(whole)
  const { join } = started.guest.club
  const joined = await join.try({ name: 'Ann' })
  assert.deepEqual(joined, { ok: true, value: { member: 'Ann' } })
  const full = await join.try({ name: 'Cid' })
  assert.ok(!full.ok)
  // one of the union that the compiler knows; another word would not compile
  const isFull: boolean = full.error.code === 'CLUB_FULL'
  assert.ok(isFull)
  assert.deepEqual([full.error.status, full.error.facts], [409, { members: 12 }])
  // @ts-expect-error the route answers with no such code
  assert.ok(full.error.code !== 'CLUB_FUL')
  const banned = await join.try({ name: 'Bob' })
  assert.ok(!banned.ok && banned.error.code === 'TAPRI_DENIED')
  const invalid = await join.try({ name: '' })
  assert.ok(!invalid.ok && hasCode(invalid.error, 'TAPRI_INVALID'))
  assert.deepEqual(invalid.error.issues?.[0]?.path, ['name'])
  const missing = await join({ name: 'Bob' }).catch((error: unknown) => error)
  assert.ok(hasCode(missing, 'TAPRI_DENIED', 'TAPRI_NOT_FOUND') && !hasCode(missing, 'CLUB_FULL') && hasCode(missing))
  assert.ok(!hasCode(new Error('another')))
  // what no server has said is thrown, not answered
  const reason = new Error('left')
  await assert.rejects(join.try({ name: 'Ann' }, { signal: AbortSignal.abort(reason) }), reason)
})

test('answers that are kept are asked for by their entity tag', async () => {
  await using started = await testApp(whole)
  const statuses: number[] = []
  const api = client<typeof whole>(started.url, {
    keep: 10,
    fetch: async (input, init) => {
      const answer = await fetch(input, init)
      statuses.push(answer.status)
      return answer
    },
  })
  assert.deepEqual(await api.kinds.json(), await api.kinds.json())
  assert.deepEqual(statuses, [200, 200, 304])
})
