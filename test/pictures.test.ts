import assert from 'node:assert/strict'
import { test } from 'node:test'
import sharp from 'sharp'
import { type TestApp, testApp } from 'tapri/test'
import { moving, plain, promising, telephone } from '../packages/tapri/src/files/images/pictures.fixture.ts'
import { openLog } from '../packages/tapri/src/observe/index.ts'
import gallery from './gallery.fixture.ts'

const modern = { accept: 'image/avif,image/webp,image/*,*/*;q=0.8' }

test('a picture has its upright size and a URL for each variant, made when asked for and kept', async () => {
  await using club = await testApp(gallery)
  const { row, get } = await shown(club, await telephone())
  const { picture } = row
  assert.deepEqual([picture?.width, picture?.height], [300, 400])
  assert.deepEqual(Object.keys(picture?.variants ?? {}), ['thumb', 'square'])
  assert.equal(await ownRows(club, 'tapri_renditions'), 0)
  const thumb = picture?.variants.thumb ?? ''
  const [first, again] = [await get(thumb, modern), await get(thumb, modern)]
  for (const response of [first, again]) {
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('content-type'), 'image/avif')
    assert.equal(response.headers.get('vary'), 'Accept, Cookie, Authorization')
    assert.equal(response.headers.get('cache-control'), 'private, max-age=3600, immutable')
    assert.equal(response.headers.get('content-security-policy'), "sandbox; default-src 'none'")
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff')
  }
  assert.equal(first.headers.get('etag'), again.headers.get('etag'))
  assert.deepEqual(await first.bytes(), await again.bytes())
  assert.equal(await ownRows(club, 'tapri_renditions'), 1)
  const plainly = await get(thumb)
  assert.equal(plainly.headers.get('content-type'), 'image/jpeg')
  const { width, height, exif } = await sharp(await plainly.bytes()).metadata()
  assert.deepEqual([width, height, exif], [40, 53, undefined])
  const square = await sharp(await (await get(picture?.variants.square ?? '', modern)).bytes()).metadata()
  assert.deepEqual([square.format, square.width, square.height], ['jpeg', 30, 30])
})

test('parts answer conditions and ranges, from the first time on', async () => {
  await using club = await testApp(gallery)
  const { row, get } = await shown(club, await telephone())
  const thumb = row.picture?.variants.thumb ?? ''
  const part = await get(thumb, { range: 'bytes=0-1' })
  assert.deepEqual([part.status, Buffer.from(await part.arrayBuffer()).toString('hex')], [206, 'ffd8'])
  const whole = await get(thumb)
  const etag = whole.headers.get('etag') ?? ''
  const bytes = await whole.bytes()
  assert.equal((await get(thumb, { 'if-none-match': etag })).status, 304)
  const rest = await get(thumb, { range: 'bytes=2-', 'if-range': etag })
  assert.deepEqual([rest.status, await rest.bytes()], [206, bytes.subarray(2)])
  const later = await get(thumb.replace(/v=.*/, 'v=another'))
  assert.equal(later.headers.get('cache-control'), 'private, no-cache')
})

test('however many ask at once for a size, it is made once', async () => {
  await using club = await testApp(gallery)
  const { row, get } = await shown(club, await telephone())
  const answers = await Promise.all(Array.from({ length: 40 }, () => get(row.picture?.variants.thumb ?? '')))
  assert.equal(new Set(answers.map(({ headers }) => headers.get('etag'))).size, 1)
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]))
  for (const answer of answers) await answer.body?.cancel()
  assert.equal(await ownRows(club, 'tapri_renditions'), 1)
})

test('who may not read the row may not read its sizes, nor have them made', async () => {
  await using club = await testApp(gallery)
  const { row } = await shown(club, await telephone())
  await club.signUp('eve@club.test')
  const eve = { authorization: `Bearer ${await club.token('eve@club.test')}` }
  for (const headers of [{}, eve]) {
    const response = await fetch(new URL(row.picture?.variants.thumb ?? '', club.url), { headers })
    assert.deepEqual([response.status, (await response.json()).code], [404, 'TAPRI_NOT_FOUND'])
  }
  assert.equal(await ownRows(club, 'tapri_renditions'), 0)
})

test('sizes go with their picture', async () => {
  await using club = await testApp(gallery)
  const { row, get, ann } = await shown(club, await telephone())
  await (await get(row.picture?.variants.thumb ?? '')).bytes()
  await ann.pictures.remove({ id: row.id })
  await club.settled()
  assert.equal((await get(row.picture?.variants.thumb ?? '')).status, 404)
})

test('names that are no variants are 404, wrong sizes 422', async () => {
  await using club = await testApp(gallery)
  const { row, get } = await shown(club, await telephone())
  const url = row.picture?.url.replace(/\?.*/, '') ?? ''
  for (const part of ['large', 'constructor', '__proto__', 'poster', '%2e%2e', 'stream.m3u8', '40x.plain', '40x.plain.failed']) {
    assert.equal((await get(`${url}/${part}`)).status, 404, part)
  }
  for (const query of ['width=0', 'width=9000', 'width=1e2', 'fit=none', 'format=svg', 'quality=101', 'v=1&v=2', 'colour=red']) {
    const response = await get(`${url}/variant?${query}`)
    assert.deepEqual([response.status, (await response.json()).code], [422, 'TAPRI_INVALID'], query)
  }
})

test('a size that no field declares needs a URL of the app', async () => {
  await using club = await testApp(gallery)
  const { row, get, ann } = await shown(club, await telephone())
  const url = (await ann.pictures.small({ id: row.id })) ?? ''
  const small = await get(url)
  const { width, height, format } = await sharp(await small.bytes()).metadata()
  assert.deepEqual([small.status, width, height, format], [200, 30, 40, 'webp'])
  for (const changed of [
    url.replace('width=30', 'width=31'),
    url.replace('webp', 'avif'),
    url.replace(/token=[^&]*/, ''),
    `${url}&quality=5`,
  ]) {
    const response = await get(changed)
    assert.deepEqual([response.status, (await response.json()).code], [403, 'TAPRI_FILES_SIGNATURE'], changed)
  }
  assert.equal((await fetch(new URL(url, club.url))).status, 404)
})

test('a picture of too many pixels is refused by its head, and leaves nothing', async () => {
  await using club = await testApp(gallery)
  const frames = await moving(4, 600, 500)
  for (const [name, bytes] of [
    ['bomb.png', await promising(60_000, 60_000)],
    ['many.gif', frames],
  ] as const) {
    const refused = await send(club, new File([Uint8Array.from(bytes)], name))
    assert.deepEqual([refused.status, refused.body.code], [413, 'TAPRI_FILES_PIXELS'], name)
  }
  assert.equal(await ownRows(club, 'tapri_files'), 0)
})

test('what only begins like a picture is refused, and leaves nothing', async () => {
  await using club = await testApp(gallery)
  const png = await plain(9, 9).png().toBuffer()
  const heads: [string, Uint8Array][] = [
    ['empty.gif', Buffer.from('GIF89a')],
    ['short.png', png.subarray(0, 20)],
    ['page.png', Buffer.concat([png.subarray(0, 16), Buffer.from('<script>alert(1)</script>')])],
    ['short.jpg', Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 16])],
    ['short.webp', Buffer.from('RIFF\xff\xff\xff\xffWEBPVP8 ', 'latin1')],
    ['short.avif', Buffer.from('\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf', 'latin1')],
  ]
  for (const [name, bytes] of heads) {
    const refused = await send(club, new File([Uint8Array.from(bytes)], name))
    assert.equal(refused.status, 422, `${name} ${JSON.stringify(refused.body)}`)
    assert.match(refused.body.detail, /^Cannot accept "[a-z.]+" as picture: its content cannot be read as a picture$/)
  }
  assert.equal(await ownRows(club, 'tapri_files'), 0)
})

test('a picture that ends early is told so, and each size of it is tried once a day', async () => {
  const failed: string[] = []
  const log = openLog({ format: 'silent', level: 'debug' })
  log.subscribe(({ event }) => event === 'files.picture.failed' && failed.push(event))
  await using club = await testApp(gallery, { log })
  const jpeg = await plain(900, 900, { r: 9, g: 99, b: 199 }).jpeg().toBuffer()
  const { row, get } = await shown(club, jpeg.subarray(0, jpeg.length >> 1))
  const tried = async (name: 'thumb' | 'square') => {
    const response = await get(row.picture?.variants[name] ?? '')
    const { code, detail } = await response.json()
    assert.deepEqual([response.status, code], [422, 'TAPRI_FILES_PICTURE'])
    assert.equal(detail, `Cannot make "${name}" of the picture in picture: its content cannot be decoded, upload it anew`)
  }
  for (const name of ['thumb', 'square', 'thumb', 'square'] as const) await tried(name)
  assert.equal(failed.length, 2)
  club.clock.advance('24h')
  await tried('thumb')
  await tried('thumb')
  assert.equal(failed.length, 3)
  assert.equal((await get(row.picture?.url ?? '')).status, 200)
})

test('a signed URL opens what it names for everybody, until it expires', async () => {
  await using club = await testApp(gallery)
  const { row, ann } = await shown(club, await telephone())
  const open = (url: string) => fetch(new URL(url, club.url), { headers: { accept: 'image/webp' } })
  const [whole, thumb] = [await ann.pictures.share({ id: row.id }), await ann.pictures.share({ id: row.id, part: 'thumb' })]
  const types = [await open(whole ?? ''), await open(thumb ?? '')].map(({ headers }) => headers.get('content-type'))
  assert.deepEqual(types, ['image/jpeg', 'image/webp'])
  const changed = [
    whole?.replace(/\?/, '/thumb?'),
    thumb?.replace('/thumb', ''),
    thumb?.replace('/thumb', '/square'),
    whole?.replace(/file=[^&]*/, 'file=019a9f3e-8c1b-7a53-9d0e-3f1c7b2a4e55'),
    whole?.replace('/picture?', '/paper?'),
    whole?.replace(/token=[^&]*/, ''),
  ]
  for (const url of changed) {
    const response = await open(url ?? '')
    assert.deepEqual([response.status, (await response.json()).code], [403, 'TAPRI_FILES_SIGNATURE'], url)
  }
  club.clock.advance('11m')
  for (const url of [whole, thumb]) assert.equal((await open(url ?? '')).status, 403)
})

test('a signed URL for one address opens there only, and none opens what is gone', async () => {
  await using club = await testApp(gallery)
  const { row, ann } = await shown(club, await telephone())
  const open = async (ip?: string) => {
    const url = await ann.pictures.share({ id: row.id, ...(ip !== undefined && { ip }) })
    return (await fetch(new URL(url ?? '', club.url))).status
  }
  assert.equal(await open('127.0.0.1'), 200)
  assert.equal(await open('192.0.2.1'), 403)
  const url = (await ann.pictures.share({ id: row.id })) ?? ''
  await ann.pictures.remove({ id: row.id })
  assert.equal((await fetch(new URL(url, club.url))).status, 404)
})

async function shown(club: TestApp<typeof gallery>, bytes: Uint8Array) {
  const ann = await club.signUp('ann@club.test')
  const { id } = await ann.pictures.create({ title: 'Kite', picture: new File([Uint8Array.from(bytes)], 'kite.jpg') })
  const row = await ann.pictures.get({ id })
  const authorization = `Bearer ${await club.token('ann@club.test')}`
  const get = (url: string, headers: Record<string, string> = {}) =>
    fetch(new URL(url, club.url), { headers: { authorization, ...headers } })
  return { ann, row, get }
}

async function send(club: TestApp<typeof gallery>, picture: File) {
  const user = await club.db.users.first({ where: { email: 'ann@club.test' } })
  if (user === null) await club.signUp('ann@club.test')
  const body = new FormData()
  body.append('title', 'Kite')
  body.append('picture', picture)
  const authorization = `Bearer ${await club.token('ann@club.test')}`
  const response = await fetch(`${club.url}/pictures`, { method: 'POST', body, headers: { authorization } })
  return { status: response.status, body: await response.json() }
}

/** Rows of the framework's own, which the app's types do not know. */
function ownRows({ db }: { readonly db: any }, model: string): Promise<number> {
  return db[model].count()
}
