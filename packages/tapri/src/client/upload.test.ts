import assert from 'node:assert/strict'
import { openAsBlob } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { manualClock } from '../kit/clock.ts'
import { hastyClock } from './serve.fixture.ts'
import { upload } from './upload.ts'
import { content, film, mapMemory, serveTus } from './uploads/tus.fixture.ts'

const mib = 1024 * 1024

test('a file arrives in pieces that grow, whole, and under the name of what it is for', async () => {
  // they grow while they are sent in no time
  await using server = await serveTus({ clock: manualClock() })
  const told: number[] = []
  const sending = upload(server.api.videos.create, { source: film(5 * mib) }, { onProgress: ({ sent }) => told.push(sent) })
  assert.deepEqual(sending.state, { stage: 'sending', sent: 0, total: 5 * mib, error: undefined })

  assert.deepEqual(await sending.done, { upload: 'u1' })

  const kept = server.uploads.get('u1')
  assert.deepEqual(kept?.metadata, { route: 'videos.create', field: 'source', filename: 'kites.mp4', filetype: 'video/mp4' })
  assert.ok(kept.bytes.equals(content(5 * mib)))
  const sizes = server.asked.filter(({ method }) => method === 'PATCH').map(({ size }) => size)
  assert.deepEqual(sizes.slice(0, 4), [mib / 4, mib / 2, mib, 2 * mib])
  assert.deepEqual([told[0], told.at(-1)], [0, 5 * mib])
  assert.deepEqual(
    told,
    told.toSorted((one, other) => one - other),
  )
  assert.deepEqual(sending.state, { stage: 'done', sent: 5 * mib, total: 5 * mib, error: undefined })
})

test('what a lost line has brought is not sent again, and what it has not is', async () => {
  const { clock } = hastyClock()
  await using server = await serveTus({ clock })
  server.faults.push({ cutAfter: 100_000 }, 'unanswered', { status: 503, type: 'text/html', body: 'starting' })

  await upload(server.api.videos.create, { source: film(mib) }).done

  assert.ok(server.uploads.get('u1')?.bytes.equals(content(mib)))
  assert.deepEqual(server.methods().slice(0, 5), ['POST', 'PATCH', 'HEAD', 'PATCH', 'HEAD'])
  assert.equal(
    server.asked.reduce((sum, { size }) => sum + size, 0),
    mib,
  )
})

test('bytes that changed on their way are sent again', async () => {
  const { clock } = hastyClock()
  await using server = await serveTus({ clock })
  server.faults.push('corrupted')
  await upload(server.api.videos.create, { source: film(mib) }).done
  assert.ok(server.uploads.get('u1')?.bytes.equals(content(mib)))
})

test('a proxy that takes no large bodies gets small ones', async () => {
  const { clock } = hastyClock()
  await using server = await serveTus({ clock })
  server.faults.push({ status: 413, type: 'text/html', body: '<h1>Request Entity Too Large</h1>' })
  await upload(server.api.videos.create, { source: film(mib) }).done
  const sizes = server.asked.filter(({ method, size }) => method === 'PATCH' && size > 0).map(({ size }) => size)
  assert.deepEqual(sizes.slice(0, 2), [mib / 8, mib / 8])
})

test('a connection that takes nothing for a minute is given up, and another is tried', async () => {
  const { clock, advance } = hastyClock()
  await using server = await serveTus({ clock })
  server.faults.push('silent')
  const sending = upload(server.api.videos.create, { source: film(mib) })
  while (!server.methods().includes('PATCH')) await new Promise((resolve) => setImmediate(resolve))
  advance(60_000)
  await sending.done
  assert.deepEqual(server.methods().slice(0, 4), ['POST', 'PATCH', 'HEAD', 'PATCH'])
})

test('a paused upload sends nothing until it is told to go on', async () => {
  await using server = await serveTus()
  const sending = upload(server.api.videos.create, { source: film(2 * mib) })
  const stages: string[] = []
  const paused = Promise.withResolvers<void>()
  const stop = sending.onState(() => {
    const { stage, sent } = sending.state
    if (stages.at(-1) !== stage) stages.push(stage)
    if (stage === 'sending' && sent > mib / 2) sending.pause()
    if (stage === 'paused') paused.resolve()
  })
  await paused.promise
  stop()
  assert.equal(sending.state.stage, 'paused')
  const before = server.asked.length
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve))
  assert.equal(server.asked.length, before)

  sending.resume()
  await sending.done

  assert.deepEqual(stages, ['sending', 'paused'])
  assert.equal(server.asked[before]?.method, 'HEAD')
  assert.ok(server.uploads.get('u1')?.bytes.equals(content(2 * mib)))
})

test('the next load of a page goes on with what the last one began', async () => {
  await using server = await serveTus()
  const memory = mapMemory()
  const leaving = new AbortController()
  const reason = new Error('the page is left')
  const first = upload(
    server.api.videos.create,
    { source: film(4 * mib) },
    { memory, signal: leaving.signal, onProgress: ({ sent }) => sent > mib && leaving.abort(reason) },
  )
  await assert.rejects(first.done, reason)
  assert.equal(first.state.stage, 'failed')
  const arrived = server.uploads.get('u1')?.bytes.length ?? 0
  assert.ok(arrived > 0 && arrived < 4 * mib)

  const told: number[] = []
  const second = upload(
    server.api.videos.create,
    { source: film(4 * mib) },
    { memory, onProgress: ({ sent }) => told.push(sent) },
  )

  assert.deepEqual(await second.done, { upload: 'u1' })
  assert.ok((told[0] ?? 0) >= arrived)
  assert.ok(server.uploads.get('u1')?.bytes.equals(content(4 * mib)))
  const other = upload(server.api.videos.create, { source: film(4 * mib, 'other.mp4') }, { memory })
  assert.deepEqual(await other.done, { upload: 'u2' })
})

test('the same file twice at once is two uploads; again after it is whole, it is there', async () => {
  await using server = await serveTus()
  const source = film(mib)
  const both = [upload(server.api.videos.create, { source }), upload(server.api.videos.create, { source })]
  const ids = (await Promise.all(both.map(({ done }) => done))).map((one) => one.upload)
  assert.deepEqual(ids.toSorted(), ['u1', 'u2'])
  const before = server.asked.length
  await upload(server.api.videos.create, { source }).done
  assert.deepEqual(server.methods().slice(before), ['HEAD'])
  server.uploads.clear()
  assert.deepEqual(await upload(server.api.videos.create, { source }).done, { upload: 'u3' })
})

test('what a call has given to the server is forgotten; what it was refused with is not', async () => {
  await using server = await serveTus()
  const memory = mapMemory()
  const source = film(mib)
  const uploaded = await upload(server.api.videos.create, { source }, { memory }).done
  await assert.rejects(server.api.videos.refuse({ source: uploaded }), { code: 'TAPRI_CLIENT_ROUTE' })
  assert.match(memory.values.get('tapri-uploads') ?? '', /"u1"/)
  await server.api.videos.create({ source: uploaded })
  assert.equal(memory.values.get('tapri-uploads'), '[]')
  const before = server.asked.length
  await upload(server.api.videos.create, { source }, { memory }).done
  assert.equal(server.methods()[before], 'POST')
})

test('an upload that the server has lost begins again, but not for ever', async () => {
  const { clock } = hastyClock()
  await using server = await serveTus({ clock })
  server.faults.push('lost')
  assert.deepEqual(await upload(server.api.videos.create, { source: film(mib) }).done, { upload: 'u2' })
  server.faults.push('lost', 'lost', 'lost')
  await assert.rejects(upload(server.api.videos.create, { source: film(mib, 'other.mp4') }).done, { code: 'TAPRI_CLIENT_ANSWER' })
})

test('what the server refuses is thrown as it says, and is not tried again', async () => {
  const { clock } = hastyClock()
  await using server = await serveTus({ clock })
  const problem = { type: 'about:blank', title: 'No', status: 415, detail: 'That is no film', code: 'TAPRI_FILES_TYPE' }
  server.faults.push({ status: 415, type: 'application/problem+json', body: JSON.stringify(problem) })
  const sending = upload(server.api.videos.create, { source: film(mib) })
  await assert.rejects(sending.done, { code: 'TAPRI_FILES_TYPE', status: 415 })
  assert.equal(sending.state.stage, 'failed')
  assert.deepEqual(server.methods(), ['POST', 'PATCH'])
})

test('a server that stays away is waited for as long as was said', async () => {
  const { clock, waits } = hastyClock()
  const unreachable: typeof fetch = () => Promise.reject(new TypeError('fetch failed'))
  await using server = await serveTus({ clock, fetch: unreachable })
  const stages = new Set<string>()
  const sending = upload(server.api.videos.create, { source: film(mib) }, { patience: '1m' })
  sending.onState(() => stages.add(sending.state.stage))
  await assert.rejects(sending.done, { code: 'TAPRI_CLIENT_UNREACHABLE' })
  assert.deepEqual([...stages], ['waiting', 'sending', 'failed'])
  const waited = waits.reduce((sum, wait) => sum + wait, 0)
  assert.ok(waited >= 60_000 && waited < 75_000, String(waited))
})

test('a server that never agrees is asked for a while, and what it says is thrown', async () => {
  const { clock } = hastyClock()
  await using server = await serveTus({ clock })
  const problem = {
    type: 'about:blank',
    title: 'No',
    status: 423,
    detail: 'Another request works on it',
    code: 'TAPRI_FILES_LOCKED',
  }
  const locked = { status: 423, type: 'application/problem+json', body: JSON.stringify(problem) }
  server.faults.push(...Array.from({ length: 100 }, () => locked))
  const sending = upload(server.api.videos.create, { source: film(mib) }, { patience: '1m' })
  await assert.rejects(sending.done, { code: 'TAPRI_FILES_LOCKED', status: 423 })
  assert.ok(server.faults.length > 80)
})

test('a cancelled upload is gone from the server too', async () => {
  await using server = await serveTus()
  const sending = upload(server.api.videos.create, { source: film(4 * mib) })
  const half = Promise.withResolvers<void>()
  sending.onState(() => sending.state.sent > mib && half.resolve())
  await half.promise
  await sending.cancel()
  assert.equal(sending.state.stage, 'cancelled')
  await assert.rejects(sending.done, { code: 'TAPRI_CLIENT_CANCELLED' })
  assert.equal(server.uploads.size, 0)
  await sending.cancel()
})

test('a file that is another one by now is not sent on', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-upload-'))
  try {
    await using server = await serveTus()
    const path = join(folder, 'kites.mp4')
    await writeFile(path, content(2 * mib))
    const sending = upload(server.api.videos.create, { source: await openAsBlob(path) })
    const begun = Promise.withResolvers<void>()
    sending.onState(() => sending.state.sent > 0 && begun.resolve())
    await begun.promise
    sending.pause()
    await writeFile(path, 'another film')
    sending.resume()
    await assert.rejects(sending.done, { code: 'TAPRI_CLIENT_INPUT', message: /choose it again/ })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test('only one field of a route of a client takes a file', async () => {
  await using server = await serveTus()
  const source = film(10)
  for (const [route, file] of [
    [() => {}, { source }],
    [server.api.videos.create, {}],
    [server.api.videos.create, { source, other: source }],
    [server.api.videos.create, { source: 'kites.mp4' }],
  ]) {
    assert.throws(() => upload(route, file), { code: 'TAPRI_CLIENT_INPUT' })
  }
  assert.deepEqual(server.asked, [])
})

test('a call with a large file sends it ahead; a small one travels in the form', async () => {
  await using server = await serveTus()
  const told: { sent: number; total: number }[] = []
  const size = 17 * mib
  const onProgress = (progress: { sent: number; total: number }) => told.push(progress)
  await server.api.videos.create({ title: 'Kites', source: film(size), cover: film(1000, 'me.png') }, { onProgress })
  const form = await formOf(server.called[0])
  assert.deepEqual(
    [...form].map(([key, value]) => [key, value]),
    [
      ['title', 'Kites'],
      ['source', '{"upload":"u1"}'],
      ['cover', '{"upload":"u2"}'],
    ],
  )
  assert.ok(server.uploads.get('u1')?.bytes.equals(content(size)))
  assert.deepEqual(
    [told[0], told.at(-1)],
    [
      { sent: 0, total: size + 1000 },
      { sent: size + 1000, total: size + 1000 },
    ],
  )

  const before = server.asked.length
  await server.api.videos.create({ title: 'Kites', source: film(1000) })
  assert.deepEqual(server.methods().slice(before), ['POST'])
  assert.ok((await formOf(server.called[1])).get('source') instanceof File)
})

test('a call that is sent again under its key names the same upload, also when the first has used it', async () => {
  await using server = await serveTus()
  const source = film(17 * mib)
  await server.api.videos.create({ source }, { key: 'one' })
  server.uploads.clear()
  await server.api.videos.create({ source }, { key: 'one' })
  await server.api.videos.create({ source }, { key: 'two' })
  const named = await Promise.all(server.called.map(async (call) => (await formOf(call)).get('source')))
  assert.deepEqual(named, ['{"upload":"u1"}', '{"upload":"u1"}', '{"upload":"u2"}'])
})

test('a call that is ended ends its upload, with its own reason or by its time', async () => {
  const { clock, advance } = hastyClock()
  await using server = await serveTus({ clock })
  const leaving = new AbortController()
  const reason = new Error('the page is left')
  const source = film(17 * mib)
  const left = server.api.videos.create(
    { source },
    { signal: leaving.signal, onProgress: ({ sent }: { sent: number }) => sent > mib && leaving.abort(reason) },
  )
  await assert.rejects(left, reason)
  const late = server.api.videos.create(
    { source },
    { timeout: '40s', onProgress: ({ sent }: { sent: number }) => sent > 2 * mib && advance(40_000) },
  )
  await assert.rejects(late, { code: 'TAPRI_CLIENT_TIMEOUT' })
  assert.equal(server.called.length, 0)
  await server.api.videos.create({ source })
  assert.deepEqual([server.uploads.size, server.called.length], [1, 1])
})

function formOf(call: { readonly type: string; readonly body: Buffer } | undefined): Promise<FormData> {
  assert.ok(call)
  return new Response(new Uint8Array(call.body), { headers: { 'content-type': call.type } }).formData()
}
