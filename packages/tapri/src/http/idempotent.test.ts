import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { openStores } from '../cache/index.ts'
import { manualClock } from '../kit/clock.ts'
import { TapriError } from '../kit/errors.ts'
import { cleanAfter, redisUrl, withoutRedis } from '../kit/redis.fixture.ts'
import { wireType } from '../kit/wire.ts'
import { RedisConnections } from '../redis/index.ts'
import { int, text, time } from '../schema/index.ts'
import { HttpContext } from './context.ts'
import { openForTest, problemIn, visitor } from './open.fixture.ts'
import type { HttpOptions } from './server.ts'

/** As an app's context tells who calls, before anything of the route runs. */
class KnownContext extends HttpContext {
  get user() {
    const id = this.request.headers['x-user']
    return id === undefined ? null : { id: String(id) }
  }
}

async function open(test: TestContext, options: Partial<HttpOptions> = {}) {
  let done = 0
  const started = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  const count = () => ++done
  const routes = {
    make: visitor.post('/', { body: { title: text(), at: time({ default: 'now' }) } }, ({ body, reply }) => {
      reply.status(201).header('Location', `/${count()}`)
      return { title: body.title, number: done, at: new Date(0) }
    }),
    silent: visitor.post('/silent', () => void count()),
    slow: visitor.post('/slow', async () => {
      started.resolve()
      await gate.promise
      return count()
    }),
    refused: visitor.post('/refused', () => {
      count()
      throw new TapriError('NO_WIND', 'Cannot fly', { status: 409, facts: { knots: 1 } })
    }),
    broken: visitor.post('/broken', () => {
      if (count() === 1) throw new Error('out of memory')
      return 'well'
    }),
    half: visitor.post('/half', ({ reply }) => {
      count()
      reply.header('Tapri-Token', 'e.1')
      throw new Error('after the commit')
    }),
    lines: visitor.post('/lines', ({ reply }) => {
      count()
      return reply.lines([1, 2])
    }),
    cookie: visitor.post('/cookie', ({ reply }) => {
      reply.cookie('who', 'ann')
      return count()
    }),
    strict: visitor.post('/strict', { idempotencyKey: 'required' }, () => count()),
    ignored: visitor.post('/ignored', { idempotencyKey: 'ignored' }, () => count()),
    put: visitor.put('/:id', { body: { n: int() } }, ({ body }) => ({ n: body.n, done: count() })),
  }
  const { url } = await openForTest(test, routes, { Context: KnownContext, ...options })
  const send = (path: string, key: string | undefined, init: { body?: object; method?: string; headers?: object } = {}) =>
    fetch(url + path, {
      method: init.method ?? 'POST',
      headers: {
        ...(key !== undefined && { 'idempotency-key': key }),
        ...(init.body !== undefined && { 'content-type': 'application/json' }),
        ...init.headers,
      },
      ...(init.body !== undefined && { body: JSON.stringify(init.body) }),
    })
  return { send, started: started.promise, gate, done: () => done }
}

test('a call with a key is done once, and answered the same each time', async (t) => {
  const { send, done } = await open(t)
  const body = { title: 'Kites' }
  const first = await send('/', '"a-1"', { body })
  const second = await send('/', '"a-1"', { body })
  assert.deepEqual([first.status, second.status, done()], [201, 201, 1])
  assert.equal(second.headers.get('location'), '/1')
  assert.deepEqual(await second.json(), await first.json())
  assert.equal((await send('/', '"a-2"', { body })).headers.get('location'), '/2')
  assert.equal((await send('/', undefined, { body })).headers.get('location'), '/3')
})

test('times of an answer arrive as times in a later one too, and as JSON for who asks for that', async (t) => {
  const { send } = await open(t)
  const body = { title: 'Kites' }
  const headers = { accept: wireType }
  const first = await send('/', '"w"', { body, headers })
  const second = await send('/', '"w"', { body, headers })
  assert.equal(second.headers.get('content-type'), first.headers.get('content-type'))
  assert.equal(await second.text(), await first.text())
  assert.deepEqual(await (await send('/', '"w"', { body })).json(), {
    title: 'Kites',
    number: 1,
    at: '1970-01-01T00:00:00.000Z',
  })
})

test('nothing and a PUT are answered again as well', async (t) => {
  const { send, done } = await open(t)
  assert.deepEqual([(await send('/silent', 'plain')).status, (await send('/silent', 'plain')).status, done()], [204, 204, 1])
  const put = { method: 'PUT', body: { n: 5 } }
  assert.equal(await (await send('/x', '"p"', put)).text(), await (await send('/x', '"p"', put)).text())
  assert.equal(done(), 2)
})

test('a key that was used for another call is refused', async (t) => {
  const { send, done } = await open(t)
  await send('/', '"k"', { body: { title: 'Kites' } })
  for (const other of [send('/', '"k"', { body: { title: 'Bikes' } }), send('/silent', '"k"')]) {
    const problem = await problemIn(await other)
    assert.deepEqual([problem.status, problem.code], [422, 'TAPRI_HTTP_KEY_USED'])
  }
  assert.equal(done(), 1)
})

test('each account has keys of its own', async (t) => {
  const { send, done } = await open(t)
  const as = (user: string) => ({ body: { title: 'Kites' }, headers: { 'x-user': user } })
  await send('/', '"k"', as('ann'))
  await send('/', '"k"', as('bob'))
  await send('/', '"k"', as('ann'))
  assert.equal(done(), 2)
})

test('the same call is refused while the first is at work, and answered once it is done', async (t) => {
  const { send, started, gate, done } = await open(t)
  const first = send('/slow', '"s"')
  await started
  const twin = await send('/slow', '"s"')
  assert.equal(twin.headers.get('retry-after'), '1')
  assert.equal((await problemIn(twin)).code, 'TAPRI_HTTP_KEY_BUSY')
  gate.resolve()
  assert.deepEqual([await (await first).json(), await (await send('/slow', '"s"')).json(), done()], [1, 1, 1])
})

test('a refusal is answered again; a failure that left nothing behind may be tried again, one that did may not', async (t) => {
  const { send, done } = await open(t)
  await send('/refused', '"r"')
  const { code, detail, status, facts } = await problemIn(await send('/refused', '"r"'))
  assert.deepEqual([code, detail, status, facts, done()], ['NO_WIND', 'Cannot fly', 409, { knots: 1 }, 1])

  const other = await open(t)
  assert.equal((await other.send('/broken', '"b"')).status, 500)
  assert.equal(await (await other.send('/broken', '"b"')).text(), 'well')
  assert.equal((await other.send('/half', '"h"')).status, 500)
  assert.equal((await other.send('/half', '"h"')).status, 500)
  assert.equal(other.done(), 3)
})

test('a call whose answer cannot be kept is not done again', async (t) => {
  const { send, done } = await open(t)
  assert.equal(await (await send('/lines', '"l"')).text(), '1\n2\n')
  assert.equal((await problemIn(await send('/lines', '"l"'))).code, 'TAPRI_HTTP_KEY_DONE')
  assert.equal((await send('/cookie', '"c"')).headers.getSetCookie().length, 1)
  assert.equal((await problemIn(await send('/cookie', '"c"'))).code, 'TAPRI_HTTP_KEY_DONE')
  assert.equal(done(), 2)
})

test('a route may require a key, or leave the header to its handler', async (t) => {
  const { send, done } = await open(t)
  assert.equal((await problemIn(await send('/strict', undefined))).code, 'TAPRI_HTTP_KEY')
  assert.equal(done(), 0)
  await send('/strict', '"x"')
  await send('/ignored', '"y"')
  await send('/ignored', '"y"')
  assert.equal(done(), 3)
})

test('a key that is none is refused', async (t) => {
  const { send, done } = await open(t)
  for (const key of ['""', '"open', 'a b', '"a", "b"', `"${'k'.repeat(256)}"`]) {
    assert.equal((await problemIn(await send('/silent', key))).code, 'TAPRI_HTTP_KEY', key)
  }
  assert.equal(done(), 0)
})

const places = {
  memory: { skip: false as const, url: () => 'memory:' },
  Redis: { skip: withoutRedis, url: redisUrl },
}
for (const [name, { skip, url }] of Object.entries(places)) {
  test(`in ${name} a key is remembered for a day`, { skip }, async (t) => {
    const clock = manualClock()
    const redis = new RedisConnections({ clock })
    const storeUrl = url()
    if (storeUrl.startsWith('redis')) cleanAfter(t, await redis.open(storeUrl), redis)
    const { send, done } = await open(t, { stores: await openStores(storeUrl, { clock, redis }), time: clock })
    await send('/silent', '"d"')
    clock.advance(23 * 3_600_000)
    await send('/silent', '"d"')
    assert.equal(done(), 1)
    clock.advance(2 * 3_600_000)
    await send('/silent', '"d"')
    assert.equal(done(), 2)
  })
}
