import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import pg from 'pg'
import { tapri } from 'tapri'
import { model, sql, text } from 'tapri/data'
import { type LogEntry, openLog } from 'tapri/observe'
import { testApp } from 'tapri/test'
import app from './club/app.ts'
import { randomOf } from './fuzz.fixture.ts'

test('callers who leave in the middle of anything leave nothing open and nothing stored', async () => {
  await using club = await testApp(app)
  const ann = await club.signUp('ann@club.test')
  const video = await ann.videos.create({ title: 'Kites', source: club.file('kites.mp4', 900_000) })
  const port = Number(new URL(club.url).port)
  const ours = `Host: a\r\nAuthorization: Bearer ${await club.token('ann@club.test')}\r\n`
  const part = '--b\r\nContent-Disposition: form-data; name="source"; filename="x.mp4"\r\nContent-Type: video/mp4\r\n\r\n'
  const film = Buffer.from(await club.file('kites.mp4', 300_000).arrayBuffer())
  const upload = `POST /api/videos HTTP/1.1\r\n${ours}Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 900000\r\n\r\n${part}`
  const requests = [
    Buffer.from(`GET ${video.source.url} HTTP/1.1\r\n${ours}\r\n`),
    Buffer.concat([Buffer.from(upload), film]),
    Buffer.from(
      `POST /api/videos/${video.id}/comments HTTP/1.1\r\n${ours}Content-Type: application/json\r\nContent-Length: 90\r\n\r\n{"te`,
    ),
    Buffer.from(`GET /api/videos HTTP/1.1\r\n${ours}\r\nGET /api/videos HTTP/1.1\r\n${ours}\r\nGET /api/vid`),
    Buffer.from(
      'POST /api/auth/sign-in HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 53\r\n\r\n{"email":"ann@c',
    ),
  ]
  const random = randomOf(7)
  /** Sends a request, as a whole or in part, and resets the connection some turns later. */
  const abort = async (request: Buffer) => {
    const socket = connect(port, '127.0.0.1')
    const closed = new Promise((resolve) => socket.on('close', resolve))
    socket.on('error', () => {})
    socket.write(request.subarray(0, Math.ceil(request.length * Math.min(1, random() * 2))))
    for (let turns = random() * 30; turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve))
    socket.resetAndDestroy()
    await closed
  }
  const open = () => process.getActiveResourcesInfo().filter((kind) => kind !== 'Immediate' && kind !== 'Timeout').length
  const settled = async (isSettled: () => boolean | Promise<boolean>) => {
    while (!(await isSettled())) await new Promise((resolve) => setImmediate(resolve))
  }

  const system: any = club.db
  const before = open()
  for (let round = 0; round < 40; round++) await Promise.all(requests.map(abort))
  await settled(() => open() <= before)
  await settled(async () => (await system.tapri_files.count()) === 1)
  assert.equal(await club.db.comments.count(), 0)
  assert.deepEqual(
    (await ann.videos.list()).map(({ id }) => id),
    [video.id],
  )
})

test('the transaction of a caller who leaves is undone, and others need not wait for the handler', async () => {
  const { app, controller, visitor, policy } = tapri({ models: { notes: model({ text: text() }) } })
  const inside = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<string>()
  const write = visitor.post('/', ({ db }) => {
    const writing = db.transaction(async (within) => {
      await within.notes.create({ text: 'half' })
      inside.resolve()
      await new Promise(() => {})
    })
    writing.catch((error) => ended.resolve(error.code))
    return writing
  })
  const notes = app({
    controllers: { notes: controller('/notes', { write }) },
    policies: [policy('notes', { read: () => true, create: () => true })],
  })
  const entries: LogEntry[] = []
  const log = openLog({ format: 'silent' })
  log.subscribe((entry) => entries.push(entry))
  await using club = await testApp(notes, { log })
  const abort = new AbortController()
  const answer = fetch(`${club.url}/notes`, { method: 'POST', signal: abort.signal })
  await Promise.race([inside.promise, answer])
  const next = club.db.notes.create({ text: 'next' })
  abort.abort()
  await assert.rejects(answer, { name: 'AbortError' })
  assert.equal(await ended.promise, 'TAPRI_DATA_ABORTED')
  await next
  assert.deepEqual(
    (await club.db.notes.find()).map(({ text }) => text),
    ['next'],
  )
  // nobody is told of what went wrong for somebody who is gone
  assert.deepEqual(
    entries.filter(({ level }) => level === 'error'),
    [],
  )
})

const postgres = process.env.TEST_POSTGRES_URL
const skip = postgres === undefined ? 'set TEST_POSTGRES_URL' : false

test('what the database reads for a caller who leaves is ended there', { skip }, async () => {
  const { app, controller, visitor, policy } = tapri({ models: { notes: model({ text: text() }) } })
  const ended = Promise.withResolvers<string>()
  const mark = `of_${process.pid}_${Date.now()}`
  const read = visitor.get('/', ({ db }) => {
    // hours of work
    const endless = sql`select count(*) from generate_series(1, 1000000000000) as ${sql.id(mark)}`
    const reading = db.asSystem('a report').raw.read({ reads: ['notes'] }, ({ kysely }) => endless.execute(kysely))
    reading.catch((error) => ended.resolve(error.code))
    return reading.then(() => null)
  })
  const notes = app({
    controllers: { notes: controller('/notes', { read }) },
    policies: [policy('notes', { read: () => true })],
  })
  const watcher = new pg.Client(postgres)
  await watcher.connect()
  const isAtWork = async () => {
    const asked = "select 1 from pg_stat_activity where state = 'active' and query like $1 and pid <> pg_backend_pid()"
    return (await watcher.query(asked, [`%${mark}%`])).rows.length > 0
  }
  try {
    await using club = await testApp(notes, { log: openLog({ format: 'silent' }), database: `${postgres}?statement_timeout=1h` })
    const abort = new AbortController()
    const answer = fetch(`${club.url}/notes`, { signal: abort.signal })
    const refused = assert.rejects(answer, { name: 'AbortError' })
    while (!(await isAtWork()));
    abort.abort()
    await refused
    assert.equal(await ended.promise, 'TAPRI_DATA_ABORTED')
    while (await isAtWork());
  } finally {
    await watcher.end()
  }
})
