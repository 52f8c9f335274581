import assert from 'node:assert/strict'
import { test } from 'node:test'
import { echo, type Handler, hastyClock, json, serve } from './serve.fixture.ts'

const busy = (status: number, headers: Record<string, string> = {}): Handler => {
  const problem = { type: 'about:blank', title: 'No', status, detail: 'Cannot answer now', code: 'TAPRI_DATA_BUSY' }
  return (_seen, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
    json(response, problem, status)
  }
}

/** Fails so often, then answers. */
const failing = (times: number, fail: Handler): Handler => {
  let left = times
  return (...given) => (left-- > 0 ? fail(...given) : echo(...given))
}
const cut: Handler = (_seen, _response, request) => request.socket.destroy()

test('a call that may be sent twice is sent again when the connection fails, at most twice', async () => {
  const { clock, waits } = hastyClock()
  await using server = await serve(failing(2, cut), { clock })
  assert.equal((await server.api.videos.list()).url, '/api/videos')
  assert.equal(server.seen.length, 3)
  // at once the first time: a connection that was kept may simply have been closed
  assert.equal(waits.length, 1)

  await using other = await serve(failing(9, cut), { clock })
  await assert.rejects(other.api.videos.list(), { code: 'TAPRI_CLIENT_UNREACHABLE' })
  await assert.rejects(other.api.videos.put({ id: 'a' }), { code: 'TAPRI_CLIENT_UNREACHABLE' })
  await assert.rejects(other.api.videos.remove({ id: 'a' }), { code: 'TAPRI_CLIENT_UNREACHABLE' })
  assert.equal(other.seen.length, 9)
})

test('a POST or PATCH is never sent again: it may have been done', async () => {
  const { clock } = hastyClock()
  for (const fail of [cut, busy(503), busy(502)]) {
    await using server = await serve(failing(1, fail), { clock })
    await assert.rejects(server.api.videos.create({ title: 'Kites' }))
    assert.equal(server.seen.length, 1)
    assert.equal((await server.api.videos.rename({ id: 'a' })).method, 'PATCH')
    assert.equal(server.seen.length, 2)
  }
})

test('502, 503 and 504 are waited out as long as the server asks, and longer each time', async () => {
  for (const status of [502, 503, 504]) {
    const { clock, waits } = hastyClock()
    await using server = await serve(failing(2, busy(status)), { clock })
    assert.equal((await server.api.videos.list()).url, '/api/videos')
    const [first = 0, second = 0] = waits
    assert.ok(first >= 125 && first <= 250, `${first}`)
    assert.ok(second >= 250 && second <= 500, `${second}`)
  }
  const { clock, waits } = hastyClock()
  await using server = await serve(failing(1, busy(503, { 'Retry-After': '7' })), { clock })
  await server.api.videos.list()
  assert.deepEqual(waits, [7000])
  const inTwoSeconds = new Date(clock.now() + 2000).toUTCString()
  await using dated = await serve(failing(1, busy(503, { 'Retry-After': inTwoSeconds })), { clock })
  await dated.api.videos.list()
  assert.equal(waits[1], 2000)
})

test('who asks for more than half a minute of patience is told to the caller at once', async () => {
  const { clock, waits } = hastyClock()
  await using server = await serve(failing(1, busy(503, { 'Retry-After': '31' })), { clock })
  await assert.rejects(server.api.videos.list(), { code: 'TAPRI_DATA_BUSY', status: 503 })
  assert.deepEqual([waits, server.seen.length], [[], 1])
})

test('what another try would not change is not tried again', async () => {
  const { clock } = hastyClock()
  for (const status of [400, 401, 404, 409, 422, 429, 500, 501]) {
    await using server = await serve(failing(1, busy(status)), { clock })
    await assert.rejects(server.api.videos.list(), { status })
    assert.equal(server.seen.length, 1)
  }
})

test('a broken whole answer is asked for again; nobody has seen any of it', async () => {
  const { clock } = hastyClock()
  const half: Handler = (_seen, response, request) => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' }).write('{"half":')
    setImmediate(() => request.socket.destroy())
  }
  await using server = await serve(failing(1, half), { clock })
  assert.equal((await server.api.videos.list()).url, '/api/videos')
  assert.equal(server.seen.length, 2)
})

test('retries can be forbidden, for a call and for a client', async () => {
  const { clock } = hastyClock()
  await using server = await serve(failing(2, busy(503)), { clock })
  await assert.rejects(server.api.videos.list({}, { retries: 0 }), { status: 503 })
  await using other = await serve(failing(1, busy(503)), { clock, retries: 0 })
  await assert.rejects(other.api.videos.list(), { status: 503 })
  assert.deepEqual([server.seen.length, other.seen.length], [1, 1])
})

test('a signal ends the waiting between two tries', async () => {
  const reason = new Error('left the page')
  const controller = new AbortController()
  const { clock } = hastyClock()
  await using server = await serve(busy(503, { 'Retry-After': '20' }), {
    clock: {
      ...clock,
      after(wait, call) {
        if (wait === 20_000) controller.abort(reason)
        return clock.after(wait, call)
      },
    },
  })
  await assert.rejects(server.api.videos.list({}, { signal: controller.signal }), reason)
  assert.equal(server.seen.length, 1)
})

test('an answer that does not come in time ends the call, tries included', async () => {
  const { clock, advance } = hastyClock()
  await using server = await serve(() => advance(60_000), { clock })
  await assert.rejects(server.api.videos.list(), { code: 'TAPRI_CLIENT_TIMEOUT', status: 504 })
  assert.equal(server.seen.length, 1)

  await using quick = await serve(() => advance(40_000), { clock, timeout: '40s' })
  await assert.rejects(quick.api.videos.list(), { code: 'TAPRI_CLIENT_TIMEOUT', message: /GET .* 40000 ms$/ })
})

test('a call that sends files takes as long as they are large', async () => {
  const { clock, advance } = hastyClock()
  await using server = await serve(
    (seen, response, request) => {
      advance(3_600_000)
      echo(seen, response, request)
    },
    { clock },
  )
  const source = new File(['kites'], 'kites.mp4')
  assert.equal((await server.api.videos.create({ source })).method, 'POST')
  await assert.rejects(server.api.videos.create({ source }, { timeout: '1h' }), { code: 'TAPRI_CLIENT_TIMEOUT' })
})
