import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tellType, textChecker } from './content-type.ts'

const media = {
  png: Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==', 'base64'),
  mp4: Buffer.from('\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2mp41', 'latin1'),
  m4a: Buffer.from('\x00\x00\x00\x18ftypM4A \x00\x00\x02\x00isomiso2mp41', 'latin1'),
  webm: Buffer.from('1a45dfa39f4286810142f7810142f2810442f381084282847765626d42878104428581021853806701ffffffffffffff', 'hex'),
  html: Buffer.from('<!doctype html><script>alert(1)</script>'),
  svg: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
  csv: Buffer.from('name,age\nAnn,7\n'),
  zeros: Buffer.alloc(2000),
}
const tell = (content: Buffer, accept: string, claimed = 'application/octet-stream', name = 'x') =>
  tellType(content, { field: 'source', accept: accept.split(','), claimed, name })

test('the content decides, whatever the sender claims', async () => {
  assert.equal((await tell(media.png, 'image/*', 'image/jpeg')).type, 'image/png')
  assert.equal((await tell(media.mp4, 'video/*')).type, 'video/mp4')
  assert.equal((await tell(media.png, '.png,.pdf')).type, 'image/png')
  assert.equal((await tell(media.m4a, 'audio/*')).type, 'audio/mp4')
})

test('a file that lies is TAPRI_FILES_TYPE and told both what it claims and what it is', async () => {
  await assert.rejects(tell(media.png, 'video/*', 'video/mp4', 'kites.mp4'), {
    code: 'TAPRI_FILES_TYPE',
    status: 415,
    message: 'Cannot accept "kites.mp4" as source: it claims to be video/mp4 and is image/png, accepted are video/*',
  })
  await assert.rejects(tell(media.zeros, 'image/*', 'image/png'), /is of no known kind/)
  await assert.rejects(tell(media.csv, 'image/*', 'image/png'), /is text, accepted/)
})

test('pages that run in a browser are never told to be what a field accepts', async () => {
  for (const accept of ['image/*', 'image/svg+xml', 'text/html', 'text/*']) {
    await assert.rejects(tell(media.svg, accept, 'image/svg+xml', 'x.svg'), { code: 'TAPRI_FILES_TYPE' }, accept)
    await assert.rejects(tell(media.html, accept, 'text/html', 'x.html'), { code: 'TAPRI_FILES_TYPE' }, accept)
  }
  // declared as plain text it is plain text, and served as such
  assert.deepEqual(await tell(media.html, 'text/*', 'text/plain', 'x.html'), { type: 'text/plain', isText: true })
})

test('text is taken only where it is declared and accepted', async () => {
  assert.deepEqual(await tell(media.csv, 'text/csv', 'text/csv'), { type: 'text/csv', isText: true })
  assert.deepEqual(await tell(media.csv, '.csv', 'application/vnd.ms-excel', 'a.CSV'), { type: 'text/csv', isText: true })
  assert.deepEqual(await tell(Buffer.from('BM is how this note begins'), 'text/plain', 'text/plain'), {
    type: 'text/plain',
    isText: true,
  })
  await assert.rejects(tell(media.csv, 'application/json', 'text/csv'), { code: 'TAPRI_FILES_TYPE' })
  await assert.rejects(tell(media.png, 'text/plain', 'text/plain'), /claims to be text\/plain and is image\/png/)
  await assert.rejects(tell(media.zeros, 'text/plain', 'text/plain'), { code: 'TAPRI_FILES_TYPE' })
})

test('text that turns into something else later on is TAPRI_FILES_TYPE', () => {
  const check = () => textChecker({ field: 'notes', accept: ['text/plain'], claimed: 'text/plain', name: 'n.txt' })
  const split = check()
  for (const byte of Buffer.from('नमस्ते')) split(Buffer.from([byte]))
  split(undefined)
  assert.throws(() => check()(Buffer.from('a\0b')), { code: 'TAPRI_FILES_TYPE' })
  assert.throws(() => check()(Buffer.from([0x61, 0xff])), { code: 'TAPRI_FILES_TYPE' })
  const cut = check()
  cut(Buffer.from('न').subarray(0, 2))
  assert.throws(() => cut(undefined), { code: 'TAPRI_FILES_TYPE' })
})

test('sound in a container that may hold pictures is what its sender says', async () => {
  assert.equal((await tell(media.webm, 'audio/*', 'audio/webm')).type, 'audio/webm')
  assert.equal((await tell(media.webm, 'video/*', 'video/webm')).type, 'video/webm')
  await assert.rejects(tell(media.png, 'audio/*', 'audio/png'), { code: 'TAPRI_FILES_TYPE' })
})

test('a field that accepts anything takes unknown bytes as application/octet-stream', async () => {
  assert.equal((await tell(media.zeros, '*/*', 'video/mp4')).type, 'application/octet-stream')
})
