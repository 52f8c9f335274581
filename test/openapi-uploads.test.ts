import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { test } from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { apiDocument, tapri } from 'tapri'
import { model, text } from 'tapri/data'
import { systemClock } from '../packages/tapri/src/kit/clock.ts'
import { type ApiDocument, answerChecker, type Operation, operationsOf, programWithClient } from './openapi.fixture.ts'
import { Films, film, films, metadata, nameIn, newFolder, openNode } from './uploads.fixture.ts'

const tus = { 'Tus-Resumable': '1.0.0' }
const piece = { ...tus, 'Content-Type': 'application/offset+octet-stream' }
const place = 'route=videos.create&field=source'

/** The operations on uploads of a document, by their names. */
function uploadsIn(document: ApiDocument): Readonly<Record<string, Operation>> {
  const found = operationsOf(document).filter(({ template }) => template.includes('/uploads'))
  return Object.fromEntries(found.map((operation) => [operation.told.operationId, operation]))
}

test('an app that takes files tells of uploads, for the routes and fields that take them', async () => {
  const document: ApiDocument = apiDocument(films.description)
  assert.deepEqual(await new Validator().validate(structuredClone(document)), { valid: true })
  const uploads = uploadsIn(document)
  const names = ['appendToUpload', 'beginUpload', 'finishUpload', 'removeUpload', 'uploadState']
  assert.deepEqual(
    Object.keys(uploads).toSorted(),
    names.map((name) => `files.${name}`),
  )
  const [route, field] = uploads['files.beginUpload']?.told.parameters ?? []
  assert.deepEqual(route.schema.enum, ['videos.create', 'videos.add', 'videos.show'])
  assert.deepEqual(field.schema.enum, ['source', 'poster', 'notes'])
})

test('an app that takes no files tells of none', () => {
  const notes = model({ title: text() })
  const { app, controller, visitor } = tapri({ models: { notes } })
  const controllers = { notes: controller('/notes', { make: visitor.post('/', { body: { title: text() } }, () => 1) }) }
  assert.deepEqual(uploadsIn(apiDocument(app({ controllers, policies: [] }).description)), {})
})

test('an upload is answered as the description says, from its beginning to its end, well and not', async () => {
  await using opened = await Films.open()
  const document: ApiDocument = apiDocument(films.description)
  const check = answerChecker(document)
  const uploads = uploadsIn(document)
  const ask = async (name: string, url: string, init: RequestInit): Promise<Response> => {
    const operation = uploads[`files.${name}`]
    assert.ok(operation)
    const answer = await fetch(url, { ...init, method: operation.method.toUpperCase() })
    const headers = operation.told.responses[answer.status]?.headers ?? {}
    const isBegun = answer.status === 201 && answer.headers.get('content-length') === '0'
    // a beginning without a URL of the store has no body
    if (operation.method !== 'head' && !isBegun) await check(operation, answer.clone())
    for (const header of Object.keys(headers)) assert.ok(answer.headers.has(header), `${name} ${answer.status} ${header}`)
    return answer
  }
  const begin = `${opened.api}/uploads?${place}`
  const begun = await ask('beginUpload', begin, { headers: { ...tus, 'Upload-Length': '3000' } })
  const url = new URL(begun.headers.get('location') ?? '', opened.api).href
  const append = (offset: string, bytes = 1500, headers: object = piece) =>
    ask('appendToUpload', url, { headers: { ...headers, 'Upload-Offset': offset }, body: film(3000).subarray(0, bytes) })
  const statuses = [
    begun,
    await ask('beginUpload', begin, { headers: tus }),
    await ask('beginUpload', begin, { headers: { ...tus, 'Upload-Length': '99999999999' } }),
    await ask('beginUpload', begin, { headers: { 'Tus-Resumable': '0.2.2' } }),
    await ask('beginUpload', `${opened.api}/uploads?route=videos.none&field=x`, { headers: { ...tus, 'Upload-Length': '9' } }),
    await append('0'),
    await append('7'),
    await append('1500', 1500, { ...piece, 'Content-Type': 'text/plain' }),
    await append('1500', 1500, { ...piece, 'Upload-Checksum': 'sha1 AAAAAAAAAAAAAAAAAAAAAAAAAAA=' }),
    await ask('uploadState', url, { headers: tus }),
    await ask('finishUpload', url, { headers: tus }),
    await append('1500'),
    await ask('removeUpload', url, { headers: tus }),
    await ask('uploadState', url, { headers: tus }),
    await append('0'),
  ].map(({ status }) => status)
  assert.deepEqual(statuses, [201, 400, 413, 412, 422, 204, 409, 415, 460, 204, 409, 204, 204, 404, 404])
})

const server = process.env.TEST_S3_URL
const skip = server === undefined ? 'S3 is not there: npm run services tells how to get it' : false

test('an upload straight into the store is answered as the description says', { skip }, async () => {
  const folder = await newFolder()
  const files = `${server}${server?.includes('?') ? '&' : '?'}prefix=${folder.replaceAll(/[^a-z0-9]/gi, '')}`
  const node = await openNode({ folder, files, clock: systemClock })
  try {
    const document: ApiDocument = apiDocument(films.description)
    const { 'files.beginUpload': begin, 'files.finishUpload': finish } = uploadsIn(document)
    assert.ok(begin && finish)
    const check = answerChecker(document)
    const headers = { ...tus, 'Tapri-Direct': 'true', 'Upload-Length': '3000' }
    const begun = await fetch(`${node.apiUrl}/uploads?${place}`, { method: 'POST', headers })
    const told: any = await check(begin, begun.clone())
    const url = new URL(begun.headers.get('location') ?? '', node.apiUrl)
    assert.equal(url.pathname.split('/').at(-1), told.upload)
    await check(finish, await fetch(url, { method: 'POST', headers: tus }))
    const sent = await fetch(told.direct.url, { ...told.direct, body: film(3000) })
    assert.ok(sent.ok, await sent.text())
    const done = await fetch(url, { method: 'POST', headers: tus })
    await check(finish, done.clone())
    assert.deepEqual([done.status, (await fetch(url, { method: 'DELETE', headers: tus })).status], [204, 204])
  } finally {
    await node.stop()
    await rm(folder, { recursive: true, force: true })
  }
})

test('a client that another generator makes begins an upload and asks for its state, typed', async () => {
  await using opened = await Films.open()
  const { use } = await programWithClient(apiDocument(films.description), program)
  const { status, location } = await use(new URL(opened.api).origin, metadata({ filename: 'kites.mp4' }), film(3000))
  assert.equal(status, 204)
  const { state } = await opened.db.tapri_files.first({})
  const body = JSON.stringify({ title: 'Kites', source: { upload: nameIn(location) } })
  const made = await fetch(`${opened.api}/videos`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  assert.deepEqual([state, made.status, (await made.json()).source.size], ['pending', 200, 3000])
})

const program = `
import { Api } from './client.ts'

export async function use(baseUrl: string, metadata: string, bytes: Uint8Array<ArrayBuffer>) {
  const { api } = new Api({ baseUrl })
  const tus = { 'Tus-Resumable': '1.0.0' }
  // a body is not asked for, whatever the generator makes of that
  const nothing = undefined as unknown as File
  const begun = await api.filesBeginUpload(nothing, { route: 'videos.create', field: 'source' }, {
    headers: { ...tus, 'Upload-Length': String(bytes.length), 'Upload-Metadata': metadata },
  })
  // @ts-expect-error no route of this name takes files
  const wrong = () => api.filesBeginUpload(nothing, { route: 'videos.list' })
  void wrong
  const location = begun.headers.get('location') ?? ''
  const name = location.split('/').at(-1) ?? ''
  // the generator has no way for bytes as they are
  const headers = { ...tus, 'Upload-Offset': '0', 'Content-Type': 'application/offset+octet-stream' }
  await fetch(new URL(location, baseUrl), { method: 'PATCH', headers, body: bytes })
  const { status } = await api.filesUploadState(name, { headers: tus })
  return { status, location }
}
`
