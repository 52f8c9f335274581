import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tapri } from 'tapri'
import { type LogEntry, openLog } from 'tapri/observe'
import { testApp } from 'tapri/test'
import app from './club/app.ts'

test('a video is published by its author and nobody else', async () => {
  await using club = await testApp(app)
  const ann = await club.signUp('ann@club.test')
  const bob = await club.signUp('bob@club.test')
  const video = await ann.videos.create({ title: 'Kites', source: club.file('kites.mp4') })

  await assert.rejects(bob.videos.publish({ id: video.id }), { code: 'TAPRI_NOT_FOUND', status: 404 })
  assert.deepEqual(await club.guest.videos.list(), [])
  await ann.videos.publish({ id: video.id })
  await assert.rejects(bob.videos.publish({ id: video.id }), { code: 'TAPRI_DENIED', status: 403 })
  assert.deepEqual(
    (await club.guest.videos.list()).map((row) => `${row.title} by ${row.author.name}`),
    ['Kites by ann'],
  )
})

test('comments arrive live', async () => {
  await using club = await testApp(app)
  const ann = await club.signUp('ann@club.test')
  const { id } = await ann.videos.create({ title: 'Kites', source: club.file('kites.mp4') })
  await ann.videos.publish({ id })

  const seen: string[][] = []
  const stop = club.guest.videos.comments.live({ id }, (rows) => seen.push(rows.map((row) => `${row.author.name}: ${row.text}`)))
  await ann.videos.comment({ id, text: 'Higher!' })
  stop()

  assert.deepEqual(seen.at(-1), ['ann: Higher!'])
})

test('times are times on the other side too', async () => {
  await using club = await testApp(app)
  const ann = await club.signUp('ann@club.test')
  const { id } = await ann.videos.create({ title: 'Kites', source: club.file('kites.mp4') })
  club.clock.advance('1h')
  const comment = await ann.videos.comment({ id, text: 'Higher!' })
  assert.deepEqual(comment.at, new Date(club.clock.now()))
})

test('a file comes back byte for byte to those who may read its row', async () => {
  await using club = await testApp(app)
  const ann = await club.signUp('ann@club.test')
  const file = club.file('kites.mp4', 300_000)
  const video = await ann.videos.create({ title: 'Kites', source: file })
  assert.deepEqual([video.source.name, video.source.type, video.source.size], ['kites.mp4', 'video/mp4', 300_000])

  const url = new URL(video.source.url, club.url)
  assert.equal((await fetch(url)).status, 404)
  const headers = { authorization: `Bearer ${await club.token('ann@club.test')}` }
  const whole = await fetch(url, { headers })
  assert.deepEqual(new Uint8Array(await whole.arrayBuffer()), new Uint8Array(await file.arrayBuffer()))
  const part = await fetch(url, { headers: { ...headers, range: 'bytes=4-11' } })
  assert.equal(part.status, 206)
  assert.equal(await part.text(), 'ftypisom')
})

test('an app without that person says so', async () => {
  await using club = await testApp(app)
  await assert.rejects(club.token('nobody@club.test'), { code: 'TAPRI_TEST_NO_USER' })
})

test('where an app has no model of users a test is told so', async () => {
  const { app, controller, visitor } = tapri({ models: {} })
  const tea = controller('/tea', { hot: visitor.get('/', () => 'hot') })
  await using stall = await testApp(app({ controllers: { tea }, policies: [] }))
  await assert.rejects(stall.signUp('ann@club.test'), { code: 'TAPRI_TEST_NO_USERS' })
  await assert.rejects(stall.token('ann@club.test'), { code: 'TAPRI_TEST_NO_USERS' })
})

test('what a handler throws is written to stderr, or to the log that the test gives', async (context) => {
  const { app, controller, visitor } = tapri({ models: {} })
  const fails = visitor.get('/', (): string => {
    throw new Error('the kettle is empty')
  })
  const broken = app({ controllers: { kettle: controller('/kettle', { fails }) }, policies: [] })

  const written = context.mock.method(process.stderr, 'write', () => true)
  await using told = await testApp(broken)
  await assert.rejects(told.guest.kettle.fails(), { code: 'TAPRI_INTERNAL' })
  assert.match(String(written.mock.calls[0]?.arguments[0]), /the kettle is empty.*\n.*test-app\.test\.ts/s)
  written.mock.restore()

  const entries: LogEntry[] = []
  const log = openLog({ format: 'silent' })
  log.subscribe((entry) => entries.push(entry))
  await using silent = await testApp(broken, { log })
  await assert.rejects(silent.guest.kettle.fails(), { code: 'TAPRI_INTERNAL' })
  const errors = entries.filter(({ level }) => level === 'error')
  assert.equal(errors.length, 1)
  assert.equal(entries.at(-1), errors[0])
})
