import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { tapri } from 'tapri'
import { client } from 'tapri/client'
import { email, file, id, model, optional, pick, text } from 'tapri/data'
import { testApp } from 'tapri/test'
import { upload } from 'tapri/upload'
import { testFile } from '../packages/tapri/src/test/media.ts'
import { gateTo } from './gates.fixture.ts'
import { film, type films, newFolder } from './uploads.fixture.ts'

const mib = 1024 * 1024
const models = {
  users: model({ email: email({ unique: true }) }),
  films: model({ title: text(), source: optional(file({ accept: 'video/*', maxSize: '24mb' })) }),
}
const { app, controller, member, policy, visitor } = tapri({ models })
const shelf = controller('/films', {
  create: member.post('/', { body: pick(models.films, 'title', 'source') }, ({ db, body }) => db.films.create(body)),
  update: member.patch('/:id', { params: { id: id('films') }, body: pick(models.films, 'source') }, ({ db, params, body }) =>
    db.films.update(params.id, body),
  ),
  list: visitor.get('/', ({ db }) => db.films.find()),
})
const everyone = { read: () => true, create: () => true, update: () => true, delete: () => true }
const cinemaApp = app({ controllers: { films: shelf }, policies: [policy('users', {}), policy('films', everyone)] })

function chosen(size: number): { readonly source: File; readonly bytes: Buffer } {
  const bytes = film(size)
  return { bytes, source: new File([bytes], 'kites.mp4', { type: 'video/mp4' }) }
}

async function openCinema() {
  const club = await testApp(cinemaApp)
  await club.signUp('ann@club.test')
  const gate = await gateTo(club.url)
  const ann = client<typeof cinemaApp>(gate.url, { token: await club.token('ann@club.test') })
  return {
    club,
    gate,
    ann,
    async [Symbol.asyncDispose]() {
      await gate[Symbol.asyncDispose]()
      await club[Symbol.asyncDispose]()
    },
  }
}

async function fetched(source: { readonly url: string } | null, base: string): Promise<Buffer> {
  assert.ok(source)
  return Buffer.from(await (await fetch(new URL(source.url, base))).arrayBuffer())
}

test('a film gets through a line that breaks again and again, byte for byte', async () => {
  await using cinema = await openCinema()
  const { ann, gate, club } = cinema
  const { source, bytes } = chosen(12 * mib)
  const marks = [1 * mib, 3 * mib, 6 * mib, 9 * mib]
  let waits = 0
  const sending = upload(ann.films.create, { source })
  sending.onState(() => {
    const { stage, sent } = sending.state
    if (stage === 'waiting') {
      waits++
      gate.open()
    }
    if (sent < (marks[0] ?? Number.POSITIVE_INFINITY)) return
    marks.shift()
    gate.close()
  })

  const row = await ann.films.create({ title: 'Kites', source: await sending.done })

  assert.ok(waits >= 4)
  assert.partialDeepStrictEqual(row.source, { name: 'kites.mp4', type: 'video/mp4', size: 12 * mib })
  assert.ok((await fetched(row.source, club.url)).equals(bytes))
})

test('a paused film goes on in another page, with what has arrived', async () => {
  await using cinema = await openCinema()
  const { ann, club } = cinema
  const { source, bytes } = chosen(6 * mib)
  const leaving = new AbortController()
  const first = upload(ann.films.create, { source }, { signal: leaving.signal })
  const paused = Promise.withResolvers<void>()
  first.onState(() => {
    if (first.state.stage === 'sending' && first.state.sent > 2 * mib) first.pause()
    if (first.state.stage === 'paused') paused.resolve()
  })
  await paused.promise
  leaving.abort(new Error('the page is left'))
  await assert.rejects(first.done, { message: 'the page is left' })

  const told: number[] = []
  const second = upload(ann.films.create, { source }, { onProgress: ({ sent }) => told.push(sent) })
  const row = await ann.films.create({ title: 'Kites', source: await second.done })

  assert.ok((told[0] ?? 0) > mib)
  assert.ok((await fetched(row.source, club.url)).equals(bytes))
})

test('a file that a row has by now is uploaded anew for the next', async () => {
  await using cinema = await openCinema()
  const { ann, club } = cinema
  const { source, bytes } = chosen(mib)
  const first = await ann.films.create({ title: 'One', source: await upload(ann.films.create, { source }).done })
  const second = await ann.films.create({ title: 'Two', source: await upload(ann.films.create, { source }).done })
  assert.notEqual(first.source?.id, second.source?.id)
  for (const { source } of [first, second]) assert.ok((await fetched(source, club.url)).equals(bytes))
})

test('what a call was refused with costs no second upload', async () => {
  await using cinema = await openCinema()
  const { ann, club } = cinema
  const { source, bytes } = chosen(17 * mib)
  const sent: number[] = []
  const onProgress = (progress: { sent: number }) => sent.push(progress.sent)
  // a title that is not there: the types would not let it through
  const untitled: any = { source }
  await assert.rejects(ann.films.create(untitled, { onProgress }), { code: 'TAPRI_INVALID' })
  sent.length = 0
  const row = await ann.films.create({ title: 'Kites', source }, { onProgress })
  assert.deepEqual(new Set(sent), new Set([17 * mib]))
  assert.ok((await fetched(row.source, club.url)).equals(bytes))
})

test('the route’s own rules are told at once: who may call it, what its field takes', async () => {
  await using cinema = await openCinema()
  const { ann, gate, club } = cinema
  const guest = client<typeof cinemaApp>(gate.url)
  const { source } = chosen(mib)
  await assert.rejects(upload(guest.films.create, { source }).done, { code: 'TAPRI_APP_SIGN_IN' })
  await assert.rejects(upload(ann.films.create, { source: testFile('long.mp4', 25 * mib) }).done, {
    code: 'TAPRI_FILES_TOO_LARGE',
  })
  const liar = new File(['<script>alert(1)</script>'.repeat(100_000)], 'kites.mp4', { type: 'video/mp4' })
  await assert.rejects(upload(ann.films.create, { source: liar }).done, { code: 'TAPRI_FILES_TYPE' })
  assert.deepEqual(await club.guest.films.list(), [])
})

test('in tests too a large file travels ahead of its call', async () => {
  await using cinema = await openCinema()
  const ann = await cinema.club.signUp('bob@club.test')
  const { source, bytes } = chosen(17 * mib)
  const row = await ann.films.create({ title: 'Kites', source })
  assert.ok((await fetched(row.source, cinema.club.url)).equals(bytes))
})

test('a film outlives the process that took it', async () => {
  const folder = await newFolder()
  const start = async () => {
    const node = fork(join(import.meta.dirname, 'uploads-node.fixture.ts'), [folder])
    const [api] = await once(node, 'message')
    return { node, api: String(api) }
  }
  const kill = async (node: ChildProcess) => {
    node.kill('SIGKILL')
    await once(node, 'exit')
  }
  let server = await start()
  try {
    // as behind one address, whichever process is there
    const reach: typeof fetch = (input, init) => fetch(String(input).replace('http://films.test/api', server.api), init)
    const api = client<typeof films>('http://films.test/api', { fetch: reach })
    const bytes = film(24 * mib)
    const source = new File([bytes], 'kites.mp4', { type: 'video/mp4' })
    const sending = upload(api.videos.create, { source })
    const isUnderWay = Promise.withResolvers<void>()
    const isLost = Promise.withResolvers<void>()
    sending.onState(() => {
      if (sending.state.sent > 5 * mib) isUnderWay.resolve()
      if (sending.state.stage === 'waiting') isLost.resolve()
    })
    await isUnderWay.promise
    await kill(server.node)
    await isLost.promise
    server = await start()
    const row = await api.videos.create({ title: 'Kites', source: await sending.done })
    assert.ok((await fetched(row.source, server.api)).equals(bytes))
  } finally {
    await kill(server.node)
    await rm(folder, { recursive: true, force: true })
  }
})

test('a cancelled upload is gone', async () => {
  await using cinema = await openCinema()
  const { ann } = cinema
  const { source } = chosen(8 * mib)
  const sending = upload(ann.films.create, { source })
  const begun = Promise.withResolvers<void>()
  sending.onState(() => sending.state.sent > mib && begun.resolve())
  await begun.promise
  await sending.cancel()
  await assert.rejects(sending.done, { code: 'TAPRI_CLIENT_CANCELLED' })
  const told: number[] = []
  await upload(ann.films.create, { source }, { onProgress: ({ sent }) => told.push(sent) }).done
  assert.equal(told[0], 0)
})

test('only fields that take files are named', async () => {
  await using cinema = await openCinema()
  const { ann } = cinema
  const { source } = chosen(100)
  const wrong = [
    // @ts-expect-error a title is no file
    () => upload(ann.films.create, { title: source }),
    // @ts-expect-error there is no such field
    () => upload(ann.films.create, { poster: source }),
    // @ts-expect-error a list takes nothing
    () => upload(ann.films.list, { source }),
  ]
  for (const begin of wrong) await assert.rejects(begin().done, { code: 'TAPRI_INVALID', status: 422 })
})
