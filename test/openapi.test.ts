import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Validator } from '@seriousme/openapi-schema-validator'
import fc from 'fast-check'
import { apiDocument } from 'tapri'
import { testApp } from 'tapri/test'
import videotube from '../examples/videotube/src/app.ts'
import { blocksOf } from '../scripts/check/docs-blocks.ts'
import club from './club/app.ts'
import { type ApiDocument, answerChecker, operationsOf, programWithClient } from './openapi.fixture.ts'
import { allowedRequests, type Sender, send } from './openapi-requests.fixture.ts'

const numRuns = Number(process.env.REQUESTS ?? 400)
const seed = Number(process.env.FIRST_SEED ?? 1)

for (const [name, app] of [['VideoTube', videotube] as const, ['the club', club] as const]) {
  test(`the description of ${name} is valid OpenAPI 3.1 and knows every route`, async () => {
    const document: ApiDocument = apiDocument(app.description)
    assert.deepEqual(await new Validator().validate(structuredClone(document)), { valid: true })
    const told = operationsOf(document).map(({ told }) => told.operationId)
    const routes = Object.entries(app.description.parts.controllers).flatMap(([group, { routes }]) =>
      Object.keys(routes).map((route) => `${group}.${route}`),
    )
    const fields = Object.values(app.description.models).flatMap((model) => Object.values(model))
    const hasMedia = fields.some(({ '~field': facts }) => facts.kind === 'file' && facts.media !== undefined)
    const uploads = ['appendToUpload', 'beginUpload', 'finishUpload', 'removeUpload', 'uploadState'].map(
      (name) => `files.${name}`,
    )
    const files = [...(hasMedia ? ['files.download', 'files.part'] : ['files.download']), ...uploads]
    assert.deepEqual(told.toSorted(), [...routes, ...files].toSorted())
  })
}

test('the description of the tutorial is valid OpenAPI 3.1', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-tutorial-'))
  try {
    for (const { name, code } of blocksOf(await readFile(new URL('../docs/tutorial.md', import.meta.url), 'utf8'))) {
      if (name?.startsWith('src/') !== true) continue
      await mkdir(dirname(join(folder, name)), { recursive: true })
      await writeFile(join(folder, name), code)
    }
    await writeFile(join(folder, 'package.json'), '{ "type": "module" }')
    await symlink(fileURLToPath(new URL('../node_modules', import.meta.url)), join(folder, 'node_modules'))
    const { default: notes } = await import(pathToFileURL(join(folder, 'src/app.ts')).href)
    const document = apiDocument(notes.description)
    assert.deepEqual(await new Validator().validate(structuredClone(document)), { valid: true })
    assert.ok(operationsOf(document).length > 5)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test(`${numRuns} requests that the description of VideoTube allows are understood, and answered as it says`, async () => {
  await using tube = await testApp(videotube)
  const document: ApiDocument = await (await fetch(new URL('/openapi.json', tube.url))).json()
  const check = answerChecker(document)
  const people = ['ann@tube.test', 'bob@tube.test']
  for (const email of people) await tube.signUp(email)
  const signIn = async () => [undefined, ...(await Promise.all(people.map((email) => tube.token(email))))]
  const file = (type: string) => tube.file(type === 'video/*' ? 'kites.mp4' : 'kite.png')
  const ids = async () => {
    const [users, videos, comments] = await Promise.all([tube.db.users.find(), tube.db.videos.find(), tube.db.comments.find()])
    return Object.fromEntries(Object.entries({ users, videos, comments }).map(([name, rows]) => [name, rows.map(({ id }) => id)]))
  }
  const sender: Sender = { url: tube.url, tokens: await signIn(), ids, file }
  const seen = new Set<string>()
  await fc.assert(
    fc.asyncProperty(allowedRequests(document), async (request) => {
      const answer = await send(request, sender)
      seen.add(`${request.operation.told.operationId} ${answer.ok}`)
      const value: any = await check(request.operation, answer)
      if (request.operation.told.operationId === 'auth.signOut') sender.tokens = await signIn()
      assert.ok(answer.status < 500, JSON.stringify(value))
      assert.notEqual(value?.code, 'TAPRI_INVALID', JSON.stringify(value))
      assert.ok(![400, 405, 413, 415].includes(answer.status) || value.code === 'TAPRI_DATA_CURSOR', JSON.stringify(value))
    }),
    { numRuns, seed },
  )
  for (const name of ['videos.create', 'videos.list', 'comments.create', 'channels.get', 'auth.signUp']) {
    assert.ok(seen.has(`${name} true`), `${name} was never answered well`)
  }
})

test('a client that another generator makes of VideoTube lists, creates, uploads and is told of errors, typed', async () => {
  await using tube = await testApp(videotube)
  const document: ApiDocument = await (await fetch(new URL('/openapi.json', tube.url))).json()
  const { use } = await programWithClient(document, videotubeProgram)
  await tube.signUp('ann@tube.test')
  const outcome = await use(new URL(tube.url).origin, await tube.token('ann@tube.test'), tube.file('kites.mp4'))
  assert.deepEqual(outcome, {
    title: 'Kites',
    type: 'video/mp4',
    bytes: 1024,
    listed: ['Kites'],
    comment: 'high',
    missing: 'TAPRI_NOT_FOUND',
    invalid: ['title'],
    visitor: 'TAPRI_APP_SIGN_IN',
    gone: 204,
  })
})

const videotubeProgram = `
import { Api, type Comments, type Problem, type Videos } from './client.ts'

export async function use(baseUrl: string, token: string, source: File) {
  const securityWorker = () => ({ headers: { authorization: \`Bearer \${token}\` } })
  const { api } = new Api({ baseUrl, baseApiParams: { secure: true }, securityWorker })
  const video: Videos = (await api.videosCreate({ title: 'Kites', published: true, source })).data
  const { rows, next } = (await api.videosList({ owner: video.owner })).data
  const end: string | null = next
  const owner: string | undefined = rows[0]?.owner.name
  // @ts-expect-error the list has its owners in it, not their ids
  const id: string | undefined = rows[0]?.owner
  // @ts-expect-error a title is required
  const untitled = () => api.videosCreate({ source })
  const comment: Comments = (await api.commentsCreate({ video: video.id, text: 'high' })).data
  const bytes = (await (await fetch(new URL(video.source?.url ?? '', baseUrl))).blob()).size
  const refused = (call: Promise<unknown>): Promise<Problem> =>
    call.then(() => { throw new Error('It was not refused') }, (answer: { error: Problem }) => answer.error)
  const missing = await refused(api.videosGet('01a1fc22-92fa-7291-b729-5740de14c21d'))
  const invalid = await refused(api.videosUpdate(video.id, { title: 'K' }))
  const visitor = await refused(new Api({ baseUrl }).api.videosMine())
  const gone = (await api.videosRemove(video.id)).status
  void [end, owner, id, untitled]
  return {
    title: video.title,
    type: video.source?.type,
    bytes,
    listed: rows.map(({ title }) => title),
    comment: comment.text,
    missing: missing.code,
    invalid: invalid.issues?.map(({ path }) => path.join('.')),
    visitor: visitor.code,
    gone,
  }
}
`

test('a client that another generator makes of the club lists, creates, uploads and is told of errors, typed', async () => {
  await using opened = await testApp(club)
  const { use } = await programWithClient(apiDocument(club.description), clubProgram)
  const outcome = await use(new URL(opened.url).origin, opened.file('kites.mp4'))
  assert.deepEqual(outcome, {
    me: 'ann@club.test',
    titles: ['Kites'],
    comments: ['high by Ann'],
    next: null,
    note: 'a note',
    taken: [409, 'TAPRI_AUTH_EMAIL_TAKEN'],
  })
})

const clubProgram = `
import { Api, type Problem, type UsersOwn } from './client.ts'

export async function use(baseUrl: string, source: File) {
  const visitor = new Api({ baseUrl }).api
  const ann = { name: 'Ann', email: 'ann@club.test', password: 'kites and wind' }
  const made: UsersOwn = (await visitor.authSignUp(ann)).data
  const { token } = (await visitor.authToken({ email: ann.email, password: ann.password })).data
  const securityWorker = () => ({ headers: { authorization: \`Bearer \${token}\` } })
  const { api } = new Api({ baseUrl, baseApiParams: { secure: true }, securityWorker })
  const { id } = (await api.videosCreate({ title: 'Kites', source })).data
  await api.videosPublish(id)
  await api.videosComment(id, { text: 'high' })
  // @ts-expect-error a page is a number
  const wrong = () => api.videosList({ page: 'two' })
  const comments = (await visitor.videosComments(id)).data
  const taken = await visitor.authSignUp(ann).catch((answer: { status: number; error: Problem }) => answer)
  void wrong
  return {
    me: made.email,
    titles: (await visitor.videosList({ page: 1 })).data.map(({ title }) => title),
    comments: comments.map(({ text, author }) => \`\${text} by \${author.name}\`),
    next: (await visitor.videosArchive()).data.next,
    note: await (await visitor.doorNote()).text(),
    taken: [taken.status, taken.error.code],
  }
}
`
