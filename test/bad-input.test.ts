import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { type TestApp, testApp } from 'tapri/test'
import app from './club/app.ts'

type Club = TestApp<typeof app>

interface Scene {
  readonly club: Club
  readonly ann: Record<string, string>
  readonly bob: Record<string, string>
  /** An unpublished video of Ann's. */
  readonly video: { readonly id: string; readonly source: { readonly url: string } }
}

async function scene(club: Club): Promise<Scene> {
  const client = await club.signUp('ann@club.test')
  await club.signUp('bob@club.test')
  const bearer = async (email: string) => ({ authorization: `Bearer ${await club.token(email)}` })
  const video = await client.videos.create({ title: 'Kites', source: club.file('kites.mp4') })
  return { club, ann: await bearer('ann@club.test'), bob: await bearer('bob@club.test'), video }
}

const json = { 'content-type': 'application/json' }

function post(url: string, headers: Record<string, string>, body: BodyInit): Promise<Response> {
  return fetch(url, { method: 'POST', headers, body })
}

function form(file: Blob, name: string): FormData {
  const data = new FormData()
  data.set('title', 'A kite')
  data.set('source', file, name)
  return data
}

const cases: [what: string, status: number, code: string, send: (scene: Scene) => Promise<Response>][] = [
  [
    'malformed JSON',
    400,
    'TAPRI_KIT_JSON',
    ({ club, ann, video }) => post(`${club.url}/videos/${video.id}/comments`, { ...ann, ...json }, '{"text"'),
  ],
  [
    'a wrong type',
    422,
    'TAPRI_INVALID',
    ({ club, ann, video }) => post(`${club.url}/videos/${video.id}/comments`, { ...ann, ...json }, '{"text":7}'),
  ],
  [
    'an unknown key',
    422,
    'TAPRI_INVALID',
    ({ club, ann, video }) => post(`${club.url}/videos/${video.id}/comments`, { ...ann, ...json }, '{"text":"x","author":"me"}'),
  ],
  [
    'a key that reaches the prototype',
    400,
    'TAPRI_KIT_JSON',
    ({ club, ann, video }) =>
      post(`${club.url}/videos/${video.id}/comments`, { ...ann, ...json }, '{"text":"x","__proto__":{"admin":true}}'),
  ],
  [
    'a body that is too large',
    413,
    'TAPRI_HTTP_TOO_LARGE',
    ({ club, ann, video }) =>
      post(`${club.url}/videos/${video.id}/comments`, { ...ann, ...json }, JSON.stringify({ text: 'x'.repeat(2_000_000) })),
  ],
  [
    'a file that is too large',
    413,
    'TAPRI_FILES_TOO_LARGE',
    ({ club, ann }) => post(`${club.url}/videos`, ann, form(club.file('kites.mp4', 1_200_000), 'kites.mp4')),
  ],
  [
    'a wrong content type',
    415,
    'TAPRI_HTTP_CONTENT_TYPE',
    ({ club, ann, video }) =>
      post(`${club.url}/videos/${video.id}/comments`, { ...ann, 'content-type': 'application/xml' }, '<text/>'),
  ],
  [
    'a range that is not there',
    416,
    'TAPRI_HTTP_RANGE',
    ({ club, ann, video }) => fetch(new URL(video.source.url, club.url), { headers: { ...ann, range: 'bytes=5000-' } }),
  ],
  ['a cursor that no page gave', 400, 'TAPRI_DATA_CURSOR', ({ club }) => fetch(`${club.url}/videos/archive?after=AAAA`)],
  ['a parameter of no use', 422, 'TAPRI_INVALID', ({ club }) => fetch(`${club.url}/videos?page=0`)],
  [
    'a stolen or made-up token',
    401,
    'TAPRI_AUTH_SESSION',
    ({ club }) =>
      fetch(`${club.url}/door/mine`, { headers: { authorization: 'Bearer tapri_0000000000000000000000000000000000000000000' } }),
  ],
  ['a visitor at a member’s door', 401, 'TAPRI_APP_SIGN_IN', ({ club }) => fetch(`${club.url}/door/mine`)],
  [
    'a row that is somebody else’s, unseen',
    404,
    'TAPRI_NOT_FOUND',
    ({ club, bob, video }) => post(`${club.url}/videos/${video.id}/publish`, bob, ''),
  ],
  [
    'a file of somebody else’s row',
    404,
    'TAPRI_NOT_FOUND',
    ({ club, bob, video }) => fetch(new URL(video.source.url, club.url), { headers: bob }),
  ],
  [
    'a file that lies about its type',
    415,
    'TAPRI_FILES_TYPE',
    ({ club, ann }) => post(`${club.url}/videos`, ann, form(club.file('page.png'), 'kites.mp4')),
  ],
  [
    'a page of another site',
    403,
    'TAPRI_HTTP_CROSS_SITE',
    ({ club, ann, video }) =>
      post(
        `${club.url}/videos/${video.id}/publish`,
        { ...ann, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
        '',
      ),
  ],
  ['a path that nobody serves', 404, 'TAPRI_HTTP_NO_ROUTE', ({ club }) => fetch(`${club.url}/nothing`)],
  [
    'a method that the path does not have',
    405,
    'TAPRI_HTTP_METHOD',
    ({ club }) => fetch(`${club.url}/videos`, { method: 'DELETE' }),
  ],
]

test('each kind of bad input is told by a documented code, and leaves nothing behind', async (t) => {
  await using club = await testApp(app)
  const set = await scene(club)
  const before = await counts(club)
  for (const [what, status, code, send] of cases) {
    await t.test(`${what}: ${status} ${code}`, async () => {
      const answer = await send(set)
      const problem = await answer.json()
      assert.deepEqual([answer.status, problem.code, problem.status], [status, code, status])
      assert.equal(answer.headers.get('content-type'), 'application/problem+json')
      assert.doesNotMatch(JSON.stringify(problem), /node_modules|\.ts:|SELECT/)
    })
  }
  assert.deepEqual(await counts(club), before)
})

test('an expired session is no session', async () => {
  await using club = await testApp(app)
  const ann = await club.signUp('ann@club.test')
  assert.equal((await ann.door.mine()).name, 'ann')
  club.clock.advance('31d')
  await assert.rejects(ann.door.mine(), { code: 'TAPRI_AUTH_SESSION', status: 401 })
})

test('an upload whose sender goes away half way leaves neither row nor bytes', async () => {
  await using club = await testApp(app)
  const { ann } = await scene(club)
  const before = await counts(club)
  const { hostname, port, pathname } = new URL(`${club.url}/videos`)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  const head = `POST ${pathname} HTTP/1.1\r\nHost: ${hostname}:${port}\r\nAuthorization: ${ann.authorization}\r\n`
  socket.write(`${head}Content-Type: multipart/form-data; boundary=tea\r\nContent-Length: 900000\r\n\r\n`)
  socket.write('--tea\r\nContent-Disposition: form-data; name="source"; filename="kites.mp4"\r\nContent-Type: video/mp4\r\n\r\n')
  socket.write(new Uint8Array(await club.file('kites.mp4', 400_000).arrayBuffer()))
  while ((await counts(club)).files === before.files) await new Promise((later) => setImmediate(later))
  socket.destroy()
  while ((await counts(club)).files > before.files) await new Promise((later) => setImmediate(later))
  assert.deepEqual(await counts(club), before)
})

test('a socket that sends garbage is told so or closed, and others are served as before', async () => {
  await using club = await testApp(app)
  const url = `${club.url.replace('http', 'ws')}/live`
  for (const garbage of ['not json', '{"type":"no such"}', '[]', new Uint8Array([1, 2, 3]), 'x'.repeat(100_000)]) {
    const socket = new WebSocket(url, ['tapri.v1'])
    await once(socket, 'open')
    const answered = Promise.race([once(socket, 'message'), once(socket, 'close')])
    socket.send(garbage)
    const [event] = await answered
    if (event.type === 'message') assert.match(String(event.data), /TAPRI_(?:LIVE_FRAME|KIT_JSON)/)
    else assert.ok(event.code >= 1003 && event.code !== 1006, `closed with ${event.code}`)
    socket.close()
  }
  const titles: number[] = []
  club.guest.videos.list.live({}, (rows) => titles.push(rows.length))
  await club.settled()
  assert.deepEqual(titles, [0])
})

async function counts(club: Club): Promise<{ users: number; videos: number; comments: number; files: number }> {
  const files: { count(): Promise<number> } = Reflect.get(club.db, 'tapri_files')
  const [users, videos, comments, kept] = await Promise.all([
    club.db.users.count(),
    club.db.videos.count(),
    club.db.comments.count(),
    files.count(),
  ])
  return { users, videos, comments, files: kept }
}
