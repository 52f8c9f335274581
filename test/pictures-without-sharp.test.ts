import assert from 'node:assert/strict'
import { registerHooks } from 'node:module'
import { test } from 'node:test'
import { avif, moving, plain, promising, telephone } from '../packages/tapri/src/files/images/pictures.fixture.ts'

// pictures are made by the package first, and from then on nobody finds it
const made = {
  phone: await telephone(),
  avif: await avif(),
  gif: await moving(4, 600, 500),
  bomb: await promising(60_000, 60_000),
  png: await plain(40, 30).png().toBuffer(),
}
registerHooks({
  resolve: (specifier, context, next) => next(specifier === 'sharp' ? 'a-package-of-nobody' : specifier, context),
})
const { testApp } = await import('tapri/test')
const { openLog } = await import('../packages/tapri/src/observe/index.ts')
const { default: gallery } = await import('./gallery.fixture.ts')

async function openGallery() {
  const log = openLog({ format: 'silent', level: 'debug' })
  const told: string[] = []
  log.subscribe(({ event, facts }) => event === 'files.sharp.missing' && told.push(String(facts.cure)))
  const club = await testApp(gallery, { log })
  await club.signUp('ann@club.test')
  const headers = { authorization: `Bearer ${await club.token('ann@club.test')}` }
  const get = (path: string) => fetch(new URL(path, club.url), { headers })
  const send = async (bytes: Uint8Array) => {
    const body = new FormData()
    body.set('title', 'Kite')
    body.set('picture', new File([Uint8Array.from(bytes)], 'kite'))
    const answer = await fetch(new URL('/api/pictures', club.url), { method: 'POST', headers, body })
    return { status: answer.status, body: await answer.json() }
  }
  return { told, get, send, url: club.url, [Symbol.asyncDispose]: () => club[Symbol.asyncDispose]() }
}

test('an app with pictures starts without sharp, says once how to get it, and answers pictures as they came', async () => {
  await using opened = await openGallery()
  assert.deepEqual(opened.told, ['install it: npm install sharp'])
  const { status, body } = await opened.send(made.phone)
  assert.deepEqual([status, body.picture.width, body.picture.height, body.picture.type], [200, 300, 400, 'image/jpeg'])
  for (const url of [body.picture.url, ...Object.values<string>(body.picture.variants)]) {
    const answer = await opened.get(url)
    assert.deepEqual([answer.status, answer.headers.get('content-type')], [200, 'image/jpeg'])
    assert.equal(answer.headers.get('cache-control'), 'private, no-cache')
    assert.ok(made.phone.equals(Buffer.from(await answer.arrayBuffer())))
  }
  const small = await (await opened.get(`/api/pictures/${body.id}/small`)).text()
  assert.equal((await opened.get(small)).status, 200)
  assert.deepEqual(opened.told.length, 1)
})

test('a URL that was signed for one size does not open what the camera noted', async () => {
  await using opened = await openGallery()
  const { body } = await opened.send(made.phone)
  const thumb = await (await opened.get(`/api/pictures/${body.id}/share?part=thumb`)).text()
  const refused = await fetch(new URL(thumb, opened.url))
  // what the server lacks is for its log alone
  assert.deepEqual([refused.status, (await refused.json()).code], [500, 'TAPRI_INTERNAL'])
  const whole = await (await opened.get(`/api/pictures/${body.id}/share`)).text()
  assert.equal((await fetch(new URL(whole, opened.url))).status, 200)
})

test('without sharp no picture of too many pixels passes, and none that cannot be looked into', async () => {
  await using opened = await openGallery()
  const codes = []
  for (const bytes of [made.bomb, made.gif, made.avif, made.png.subarray(0, 20)]) {
    const { status, body } = await opened.send(bytes)
    codes.push([status, body.code])
  }
  const picture = [422, 'TAPRI_FILES_PICTURE']
  const pixels = [413, 'TAPRI_FILES_PIXELS']
  assert.deepEqual(codes, [pixels, pixels, picture, picture])
  const { status } = await opened.send(made.png)
  assert.equal(status, 200)
})
