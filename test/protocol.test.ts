import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { tapri } from 'tapri'
import { id, int, model, text, time } from 'tapri/data'
import { testApp } from 'tapri/test'
import { openPlain } from './plain-client.fixture.ts'

const notes = model({ title: text({ max: 200_000 }), rank: int(), at: time() })
const { app: make, controller, policy, visitor } = tapri({ models: { notes } })

const one = { params: { id: id('notes') } }

const board = make({
  controllers: {
    notes: controller('/notes', {
      list: visitor.get('/', ({ db }) => db.notes.find({ orderBy: '-rank', limit: 10 })),
      stream: visitor.get('/stream', ({ reply }) => reply.events(ticks())),
      count: visitor.get('/count', ({ db }) => db.notes.count()),
      get: visitor.get('/:id', one, ({ db, params }) => db.notes.get(params.id)),
      rename: visitor.patch('/:id', { ...one, body: { title: notes.title } }, ({ db, params, body }) =>
        db.notes.update(params.id, body),
      ),
    }),
  },
  policies: [policy('notes', { read: () => true, create: () => true, update: () => true, delete: () => true })],
})

async function* ticks() {
  for (let tick = 0; ; tick++) yield { data: tick }
}

async function open(t: TestContext) {
  const running = await testApp(board)
  t.after(() => running[Symbol.asyncDispose]())
  const db: any = running.db
  /** What HTTP answers. */
  const ask = async (path: string): Promise<any> => (await fetch(`${running.url}/notes${path}`)).json()
  return { url: running.url, db, ask }
}

for (const kind of ['websocket', 'events'] as const) {
  test(`a client written from the page alone follows answers over ${kind}, through cuts, as HTTP gives them`, async (t) => {
    const { url, db, ask } = await open(t)
    const first = await db.notes.create({ title: '~tilde', rank: 1, at: new Date(1e12) })
    const plain = await openPlain(url, kind)
    t.after(() => plain.close())
    const [list, count, one] = [plain.subscribe('notes.list', {}), plain.subscribe('notes.count', {}), 3]
    assert.equal(plain.subscribe('notes.get', { id: first.id }), one)
    const rows: { id: string }[] = [first]
    for (let step = 0; step < 60; step++) {
      const row = rows[(step * 7) % rows.length]
      if (step % 3 === 0) rows.push(await db.notes.create({ title: `n${step}`, rank: (step * 13) % 20, at: new Date(step) }))
      else if (step % 3 === 1) await db.notes.update(row?.id, { rank: (step * 5) % 20, title: step % 2 ? 'odd' : `~${step}` })
      else if (row !== first && row !== undefined) await db.notes.delete(rows.splice(rows.indexOf(row), 1)[0]?.id)
      if (step % 20 === 19) await plain.cut()
      if (step % 10 !== 9) continue
      await plain.settled()
      assert.deepEqual(plain.value(list), await ask(''), `list at ${step}`)
      assert.equal(plain.value(count), await ask('/count'), `count at ${step}`)
      assert.deepEqual(plain.value(one), await ask(`/${first.id}`), `one at ${step}`)
    }
    await db.notes.delete(first.id)
    await plain.settled()
    assert.equal(plain.ended(one), 'TAPRI_NOT_FOUND')
  })

  test(`calls over ${kind} are answered as over HTTP, with the token at which they are seen`, async (t) => {
    const { url, db, ask } = await open(t)
    const note = await db.notes.create({ title: 'Kites', rank: 1, at: new Date(0) })
    const plain = await openPlain(url, kind)
    t.after(() => plain.close())
    const id = plain.subscribe('notes.get', { id: note.id })
    const renamed = await plain.call('PATCH', `/notes/${note.id}`, { title: 'Drums' })
    assert.equal(renamed.status, 200)
    assert.equal(renamed.value.title, 'Drums')
    await plain.settled(renamed.at)
    assert.deepEqual(plain.value(id), await ask(`/${note.id}`))
    const refused = await plain.call('PATCH', `/notes/${note.id}`, { title: 5 })
    assert.deepEqual([refused.status, refused.problem.code], [422, 'TAPRI_INVALID'])
    assert.equal((await plain.call('GET', '/nothing')).problem.code, 'TAPRI_HTTP_NO_ROUTE')
  })

  test(`an answer longer than a frame comes in pieces over ${kind}`, async (t) => {
    const { url, db, ask } = await open(t)
    for (let rank = 0; rank < 4; rank++) await db.notes.create({ title: `${rank}é`.repeat(60_000), rank, at: new Date(0) })
    const plain = await openPlain(url, kind)
    t.after(() => plain.close())
    const list = plain.subscribe('notes.list', {})
    await plain.settled()
    assert.deepEqual(plain.value(list), await ask(''))
    await db.notes.create({ title: 'short', rank: 9, at: new Date(0) })
    await plain.settled()
    assert.deepEqual(plain.value(list), await ask(''))
  })
}

test('a line of events that nobody reads is not left open: one that is asked for by HEAD, and calls that never end', async (t) => {
  const { url, db } = await open(t)
  const head = await fetch(`${url}/live/events`, { method: 'HEAD' })
  assert.equal(head.status, 200)
  const note = await db.notes.create({ title: 'Kites', rank: 1, at: new Date(0) })
  const plain = await openPlain(url, 'websocket')
  t.after(() => plain.close())
  const streamed = await plain.call('GET', '/notes/stream')
  assert.deepEqual([streamed.status, streamed.problem.code], [400, 'TAPRI_LIVE_CALL'])
  assert.equal((await plain.call('GET', `/notes/${note.id}`)).value.title, 'Kites')
})
