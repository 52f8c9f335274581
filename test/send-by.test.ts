import assert from 'node:assert/strict'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { tapri } from 'tapri'
import { file, image, model, optional, pick } from 'tapri/data'
import { testApp } from 'tapri/test'
import { film } from '../packages/tapri/src/files/room.fixture.ts'
import { silentLog } from '../packages/tapri/src/observe/index.ts'
import { openProxy, withoutProxy } from '../scripts/services/proxies.ts'

const films = model({ source: file({ accept: 'video/*', maxSize: '1mb' }), poster: optional(image({ maxSize: '1mb' })) })

function appWith(sendBy: NonNullable<Parameters<typeof kit.app>[0]['files']>['sendBy']) {
  return kit.app({
    controllers: {
      films: kit.controller('/films', {
        create: kit.visitor.post('/', { body: pick(films, 'source') }, ({ body, db }) => db.films.create(body)),
      }),
    },
    policies: [kit.policy('films', { read: () => true, create: () => true })],
    files: { sendBy },
  })
}
const kit = tapri({ models: { films } })

test('nginx sends what the app has looked into, in ranges and under its headers, and nothing else', {
  skip: withoutProxy('nginx') && process.env.CI !== 'true' && withoutProxy('nginx'),
}, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-send-by-'))
  // nginx is another user
  await chmod(folder, 0o755)
  try {
    const app = appWith({ header: 'X-Accel-Redirect', from: folder, to: '/stored' })
    await using tube = await testApp(app, { settings: { FILES_URL: `disk:${folder}` } })
    await using proxy = await openProxy('nginx', { app: Number(new URL(tube.url).port), files: folder })
    const { source } = await tube.guest.films.create({ source: film('कites.mp4') })
    const whole = Buffer.from(await film().arrayBuffer())
    const get = (path: string, headers = {}) => fetch(new URL(path, `http://127.0.0.1:${proxy.port}`), { headers })
    const answer = await get(source.url)
    assert.ok(whole.equals(Buffer.from(await answer.arrayBuffer())))
    assert.equal(answer.headers.get('content-type'), 'video/mp4')
    assert.match(answer.headers.get('content-disposition') ?? '', /^inline; filename="_ites.mp4"/)
    assert.equal(answer.headers.get('content-security-policy'), "sandbox; default-src 'none'")
    assert.equal(answer.headers.get('x-content-type-options'), 'nosniff')
    assert.equal(answer.headers.get('cache-control'), 'private, no-cache')
    assert.equal(answer.headers.get('x-accel-redirect'), null)
    const part = await get(source.url, { range: 'bytes=1000-1999' })
    assert.deepEqual([part.status, part.headers.get('content-range')], [206, 'bytes 1000-1999/200000'])
    assert.ok(whole.subarray(1000, 2000).equals(Buffer.from(await part.arrayBuffer())))
    const etag = answer.headers.get('etag') ?? ''
    assert.equal((await get(source.url, { 'if-none-match': etag })).status, 304)
    assert.equal((await get(source.url, { range: 'bytes=0-9', 'if-range': etag })).status, 206)
    const straight = await fetch(new URL(source.url, tube.url))
    const told = straight.headers.get('x-accel-redirect') ?? ''
    assert.match(told, /^\/stored\/[0-9a-z]{2}\/[0-9a-z-]+$/)
    assert.equal(await straight.text(), '')
    assert.equal((await get(told)).status, 404)
    assert.equal((await get(source.url.replace('/source', '/poster'))).status, 404)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})

test('a folder in which the files do not lie is told at the start', async () => {
  const starting = testApp(appWith({ header: 'X-Accel-Redirect', from: '/srv/elsewhere', to: '/stored' }), { log: silentLog })
  await assert.rejects(starting, { code: 'TAPRI_FILES_SEND_BY' })
})

test('a store without URLs of its own sends nothing, so the app does', async () => {
  await using tube = await testApp(appWith('store'))
  const { source } = await tube.guest.films.create({ source: film() })
  const answer = await fetch(new URL(source.url, tube.url))
  assert.deepEqual([answer.status, (await answer.arrayBuffer()).byteLength], [200, 200_000])
})
