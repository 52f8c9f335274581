import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import { test } from 'node:test'
import { deny, TapriError } from '../kit/errors.ts'
import { file, int, markReceived, text } from '../schema/index.ts'
import { openForTest, problemIn, visitor } from './open.fixture.ts'
import type { HttpOptions } from './server.ts'

const fields = { title: text({ min: 1 }), size: int(), source: file({ accept: 'video/*', maxSize: '1kb' }) }
const routes = {
  upload: visitor.post('/upload', { body: fields }, ({ body }) => ({
    title: body.title,
    size: body.size,
    name: body.source.name,
  })),
  closed: visitor.post('/closed', { body: fields }, () => {
    throw deny('Closed')
  }),
}

/** Stands where the files room will: reads the form whole and tells what it was told. */
function formReader(settled: boolean[]): Pick<HttpOptions, 'readForm'> {
  return {
    async readForm({ request }) {
      const form = await new Response(request, { headers: { 'content-type': request.headers['content-type'] } }).formData()
      const values: Record<string, unknown> = {}
      for (const [key, value] of form) values[key] = typeof value === 'string' ? value : markReceived({ name: value.name })
      return {
        values,
        settle: async (kept) => {
          settled.push(kept)
        },
      }
    },
  }
}

function formOf(values: Record<string, string | File>): FormData {
  const form = new FormData()
  for (const [key, value] of Object.entries(values)) form.set(key, value)
  return form
}
const clip = new File(['abc'], 'clip.mp4')

test('a form with files is received, its words converted, and settled after the handler', async (t) => {
  const settled: boolean[] = []
  const { url } = await openForTest(t, routes, formReader(settled))
  const post = (path: string, values: Record<string, string | File>) =>
    fetch(url + path, { method: 'POST', body: formOf(values) })
  const made = await post('/upload', { title: 'Kites', size: '3', source: clip })
  assert.deepEqual(await made.json(), { title: 'Kites', size: 3, name: 'clip.mp4' })
  assert.deepEqual(settled, [true])
  const wrong = await post('/upload', { title: '', size: 'x', source: 'no file' })
  assert.equal(wrong.status, 422)
  assert.deepEqual(
    (await problemIn(wrong)).issues.map(({ path }: { path: string[] }) => path.join('.')),
    ['title', 'size', 'source'],
  )
  assert.equal((await post('/closed', { title: 'Kites', size: '3', source: clip })).status, 403)
  assert.deepEqual(settled, [true, false, false])
})

test('JSON that claims to hold a file is refused', async (t) => {
  const { url } = await openForTest(t, routes, formReader([]))
  const response = await fetch(`${url}/upload`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"title":"a","size":1,"source":{"id":"x","name":"clip.mp4"}}',
  })
  assert.equal(response.status, 422)
  assert.match((await problemIn(response)).issues[0].message, /must be a file/)
})

test('whoever reads a form says what is too large, before a sender who asks is told to go on', async (t) => {
  const { raw, url } = await openForTest(t, routes, {
    async readForm({ request }, fields) {
      const { source } = fields
      if (Number(request.headers['content-length']) < 3000) return formReader([]).readForm?.({ request }, fields) as never
      throw new TapriError('TOO_LARGE', `${source?.['~field'].kind} is too large`, { status: 413 })
    },
  })
  const head = 'POST /upload HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Type: multipart/form-data; boundary=x\r\n'
  assert.match(await raw(`${head}Content-Length: 3000\r\n\r\n`), /^HTTP\/1.1 413 [\s\S]*"detail":"file is too large"/)
  const form = '--x\r\nContent-Disposition: form-data; name="title"\r\n\r\nKites\r\n--x--\r\n'
  const headers = { 'content-type': 'multipart/form-data; boundary=x', 'content-length': form.length, expect: '100-continue' }
  const asking = request(`${url}/upload`, { method: 'POST', headers })
  asking.flushHeaders()
  await once(asking, 'continue')
  asking.end(form)
  const [answer] = await once(asking, 'response')
  assert.equal(answer.statusCode, 422)
  answer.resume()
})

test('a form that cannot be settled is logged, and the answer stands', async (t) => {
  const { url, entries } = await openForTest(t, routes, {
    async readForm({ request }) {
      request.resume()
      return {
        values: { title: 'a', size: '1', source: markReceived({ name: 'a' }) },
        settle: () => Promise.reject(new Error('disk full')),
      }
    },
  })
  const response = await fetch(`${url}/upload`, { method: 'POST', body: formOf({ title: 'a' }) })
  assert.equal(response.status, 200)
  assert.equal(entries.length, 1)
})
