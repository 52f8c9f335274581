import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openForTest, visitor } from './open.fixture.ts'
import { Versions } from './versions.ts'

test('the same body has the same tag, another one another, whatever was answered before', () => {
  const versions = new Versions()
  const bodies = ['', 'a', 'b', 'é', 'a'.repeat(70_000), new TextEncoder().encode('b')]
  const first = bodies.map((body) => versions.of(body))
  const again = bodies.toReversed().map((body) => versions.of(body))
  assert.deepEqual(again.toReversed(), first)
  assert.deepEqual(
    first.map(({ length }) => length),
    [0, 1, 1, 2, 70_000, 1],
  )
  // the text and its bytes are one body
  assert.equal(new Set(first.map(({ etag }) => etag)).size, bodies.length - 1)
  for (const { etag } of first) assert.match(etag, /^W\/"[\w-]{27}"$/)
})

test('who has the answer is told so until it is another one, of the same length too', async (t) => {
  let word = 'kites'
  const { url } = await openForTest(t, { word: visitor.get('/', () => ({ word, sign: 'é→' })) })
  const ask = async (etag?: string) => {
    const answer = await fetch(url, { cache: 'no-store', headers: etag === undefined ? {} : { 'if-none-match': etag } })
    return { status: answer.status, etag: answer.headers.get('etag') ?? '', text: await answer.text() }
  }
  const first = await ask()
  assert.equal(first.text, '{"word":"kites","sign":"é→"}')
  assert.deepEqual(await ask(), first)
  assert.deepEqual(await ask(first.etag), { status: 304, etag: first.etag, text: '' })
  word = 'winds'
  const second = await ask(first.etag)
  assert.deepEqual([second.status, second.text], [200, '{"word":"winds","sign":"é→"}'])
  assert.notEqual(second.etag, first.etag)
  word = 'kites'
  assert.equal((await ask(first.etag)).status, 304)
})
