import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { deny, TapriError } from '../kit/errors.ts'
import { decodeWire, wireType } from '../kit/wire.ts'
import { HttpContext } from './context.ts'
import { openForTest, problemIn, visitor } from './open.fixture.ts'

test('what a handler gives back is what the caller gets', async (t) => {
  const { url } = await openForTest(t, {
    object: visitor.get('/object', () => ({ title: 'कुर्सी', at: new Date(0) })),
    list: visitor.get('/list', async () => [1, 2]),
    number: visitor.get('/number', () => 7),
    no: visitor.get('/no', () => false),
    nothing: visitor.get('/null', () => null),
    words: visitor.get('/words', () => 'Hello, थाली'),
    empty: visitor.get('/empty', () => undefined),
    bytes: visitor.get('/bytes', () => Buffer.from([1, 2, 3])),
    stream: visitor.get('/stream', () => Readable.from(['a', 'b'])),
  })
  const get = async (path: string) => {
    const response = await fetch(url + path)
    return [response.status, response.headers.get('content-type'), await response.text()]
  }
  assert.deepEqual(await get('/object'), [200, 'application/json', '{"title":"कुर्सी","at":"1970-01-01T00:00:00.000Z"}'])
  assert.deepEqual(await get('/list'), [200, 'application/json', '[1,2]'])
  assert.deepEqual(await get('/number'), [200, 'application/json', '7'])
  assert.deepEqual(await get('/no'), [200, 'application/json', 'false'])
  assert.deepEqual(await get('/null'), [200, 'application/json', 'null'])
  assert.deepEqual(await get('/words'), [200, 'text/plain; charset=utf-8', 'Hello, थाली'])
  assert.deepEqual(await get('/empty'), [204, null, ''])
  assert.deepEqual(await get('/bytes'), [200, 'application/octet-stream', '\x01\x02\x03'])
  assert.deepEqual(await get('/stream'), [200, 'application/octet-stream', 'ab'])
})

test('a caller that accepts the wire form gets times that survive', async (t) => {
  const { url } = await openForTest(t, { one: visitor.get('/one', () => ({ at: new Date(0), text: '~x' })) })
  const response = await fetch(`${url}/one`, { headers: { accept: wireType } })
  assert.equal(response.headers.get('content-type'), wireType)
  assert.equal(response.headers.get('vary'), 'Accept, Accept-Encoding')
  assert.deepEqual(decodeWire(await response.text()), { at: new Date(0), text: '~x' })
  assert.equal((await fetch(`${url}/one`)).headers.get('vary'), 'Accept, Accept-Encoding')
})

test('every GET answers HEAD with the same head and no body', async (t) => {
  const { url, raw } = await openForTest(t, {
    json: visitor.get('/json', () => ({ a: 1 })),
    stream: visitor.get('/stream', ({ reply }) => reply.stream(Readable.from(['abc']), { type: 'text/csv', size: 3 })),
  })
  const head = await fetch(`${url}/json`, { method: 'HEAD' })
  assert.equal(head.status, 200)
  assert.equal(head.headers.get('content-length'), '7')
  const stream = await fetch(`${url}/stream`, { method: 'HEAD' })
  assert.equal(stream.headers.get('content-length'), '3')
  const bytes = await raw('HEAD /nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  assert.match(bytes, /^HTTP\/1.1 404 [\s\S]*\r\n\r\n$/)
})

test('a path that is not there is 404, a method that it has not is 405 with what it allows', async (t) => {
  const { url } = await openForTest(t, {
    list: visitor.get('/things', () => []),
    make: visitor.post('/things', () => 1),
    drop: visitor.delete('/things/:id', () => 1),
  })
  const missing = await fetch(`${url}/thing`)
  assert.equal(missing.status, 404)
  assert.deepEqual(await problemIn(missing).then(({ code, contentType }) => [code, contentType]), [
    'TAPRI_HTTP_NO_ROUTE',
    'application/problem+json',
  ])
  const wrong = await fetch(`${url}/things`, { method: 'PUT' })
  assert.equal(wrong.status, 405)
  assert.equal(wrong.headers.get('allow'), 'GET, HEAD, POST, OPTIONS')
  assert.equal((await problemIn(wrong)).code, 'TAPRI_HTTP_METHOD')
  assert.equal((await fetch(`${url}/things/7`)).headers.get('allow'), 'DELETE, OPTIONS')
  const options = await fetch(`${url}/things`, { method: 'OPTIONS' })
  assert.deepEqual([options.status, options.headers.get('allow')], [204, 'GET, HEAD, POST, OPTIONS'])
  assert.equal((await fetch(`${url}/thing`, { method: 'OPTIONS' })).status, 404)
  assert.equal((await fetch(`${url}/things/`)).status, 404)
})

for (const production of [true, false]) {
  test(`an unknown error is an id for the caller and everything for the log, ${production ? 'in production' : 'in development too'}`, async (t) => {
    const { url, entries } = await openForTest(
      t,
      {
        sync: visitor.get('/sync', () => {
          throw new Error('secret-detail')
        }),
        later: visitor.get('/later', async () => {
          throw new TypeError('secret-detail')
        }),
        ours: visitor.get('/ours', () => {
          throw new TapriError('CLUB_BROKEN', 'secret-detail', { facts: { secret: 'secret-detail' } })
        }),
        odd: visitor.get('/odd', () => Promise.reject('secret-detail')),
        circle: visitor.get('/circle', () => {
          const ring: Record<string, unknown> = {}
          ring.ring = ring
          return ring
        }),
        code: visitor.get('/code', () => () => 'secret-detail'),
      },
      { production },
    )
    for (const path of ['/sync', '/later', '/ours', '/odd', '/circle', '/code']) {
      const response = await fetch(url + path)
      const text = await response.text()
      const problem = JSON.parse(text)
      assert.equal(response.status, 500, path)
      assert.equal(problem.code, 'TAPRI_INTERNAL', path)
      assert.doesNotMatch(text, /secret|stack|at /, path)
      const entry = entries.find(({ facts }) => facts.id === problem.instance)
      assert.ok(entry, path)
      assert.equal(entry.level, 'error')
    }
  })
}

test('an error with a status is told to the caller with its code, facts and id', async (t) => {
  const { url, entries } = await openForTest(t, {
    no: visitor.get('/no', () => {
      throw deny('Only an administrator can close the club')
    }),
    busy: visitor.get('/busy', () => {
      throw new TapriError('CLUB_BUSY', 'Cannot join now', { status: 429, facts: { retryAfter: 2.5 } })
    }),
    who: visitor.get('/who', () => {
      throw new TapriError('CLUB_WHO', 'Sign in first', { status: 401 })
    }),
  })
  const no = await fetch(`${url}/no`)
  const { instance, ...problem } = await problemIn(no)
  assert.equal(no.status, 403)
  assert.match(instance, /^[0-9a-f-]{36}$/)
  assert.deepEqual(problem, {
    contentType: 'application/problem+json',
    type: 'about:blank',
    title: 'Forbidden',
    status: 403,
    detail: 'Only an administrator can close the club',
    code: 'TAPRI_DENIED',
  })
  assert.equal((await fetch(`${url}/busy`)).headers.get('retry-after'), '3')
  assert.equal((await fetch(`${url}/who`)).headers.get('www-authenticate'), 'Bearer')
  assert.equal(entries.length, 0)
})

test('the app prepares each request before its body is read, and may refuse it', async (t) => {
  const seen: string[] = []
  class Context extends HttpContext {
    user = 'nobody'
  }
  const { url } = await openForTest(
    t,
    { me: visitor.get('/me', (context) => ('user' in context ? context.user : '')), in: visitor.post('/in', () => 'in') },
    {
      Context,
      async prepare(context) {
        seen.push(context.route.name)
        context.user = 'Asha'
        if (context.route.method === 'post') throw deny('No')
      },
    },
  )
  assert.equal(await (await fetch(`${url}/me`)).text(), 'Asha')
  assert.equal((await fetch(`${url}/in`, { method: 'POST', body: 'x', headers: { 'content-type': 'text/plain' } })).status, 403)
  assert.deepEqual(seen, ['things.me', 'things.in'])
})

test('a handler is told when its caller leaves', async (t) => {
  const { promise: left, resolve: leave } = Promise.withResolvers<string>()
  const { promise: started, resolve: start } = Promise.withResolvers<void>()
  const { url, entries } = await openForTest(t, {
    wait: visitor.get('/wait', ({ signal }) => {
      start()
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          leave(String(signal.reason))
          reject(signal.reason)
        })
      })
    }),
  })
  const request = httpRequest(`${url}/wait`).on('error', () => undefined)
  request.end()
  await started
  request.destroy()
  assert.match(await left, /AbortError/)
  assert.deepEqual(entries, [])
})

test('an answer to a caller who has left goes nowhere and harms nobody', async (t) => {
  const { promise: started, resolve: start } = Promise.withResolvers<void>()
  const answered: string[] = []
  const { promise: allAnswered, resolve: finish } = Promise.withResolvers<void>()
  const left = (signal: AbortSignal) => new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
  const late = (kind: string, answer: () => unknown) =>
    visitor.get(`/${kind}`, async ({ signal }) => {
      if (answered.push(kind) === 5) start()
      await left(signal)
      if (answered.push(kind) === 10) setImmediate(finish)
      return answer()
    })
  const { url, entries } = await openForTest(t, {
    json: late('json', () => ({ big: 'x'.repeat(1_000_000) })),
    nothing: late('nothing', () => undefined),
    stream: late('stream', () => Readable.from(['a', 'b'])),
    refusal: late('refusal', () => {
      throw deny('No')
    }),
    broken: late('broken', () => {
      throw new Error('broken')
    }),
  })
  const requests = ['json', 'nothing', 'stream', 'refusal', 'broken'].map((kind) => {
    const request = httpRequest(`${url}/${kind}`).on('error', () => undefined)
    request.end()
    return request
  })
  await started
  for (const request of requests) request.destroy()
  await allAnswered
  assert.equal((await fetch(`${url}/nowhere`)).status, 404)
  assert.equal(entries.length, 1)
})

test('a stream that fails before its first byte is a problem, later it cuts the answer', async (t) => {
  const { url, raw, entries } = await openForTest(t, {
    early: visitor.get('/early', ({ reply }) =>
      reply.stream(
        new Readable({
          read() {
            this.destroy(new Error('disk gone'))
          },
        }),
      ),
    ),
    late: visitor.get('/late', () =>
      Readable.from(
        (async function* () {
          yield 'first'
          throw new Error('disk gone')
        })(),
      ),
    ),
    short: visitor.get('/short', ({ reply }) => reply.stream(Readable.from(['ab']), { size: 5 })),
    dead: visitor.get('/dead', () => {
      const source = Readable.from(['a'])
      source.destroy()
      return source
    }),
  })
  assert.equal((await fetch(`${url}/early`)).status, 500)
  assert.equal((await fetch(`${url}/dead`)).status, 500)
  const late = await raw('GET /late HTTP/1.1\r\nHost: a\r\n\r\n')
  assert.match(late, /^HTTP\/1.1 200 [\s\S]*first/)
  assert.doesNotMatch(late, /\r\n0\r\n/)
  await assert.rejects(fetch(`${url}/short`).then((response) => response.text()))
  assert.equal(entries.length, 4)
})

test('a source is closed when its caller leaves', async (t) => {
  const { promise: closed, resolve } = Promise.withResolvers<void>()
  const { url } = await openForTest(t, {
    endless: visitor.get('/endless', () => {
      const source = new Readable({
        read() {
          this.push(Buffer.alloc(65_536))
        },
      })
      source.once('close', resolve)
      return source
    }),
  })
  const request = httpRequest(`${url}/endless`, (response) => response.once('data', () => request.destroy()))
  request.on('error', () => undefined).end()
  await closed
})
