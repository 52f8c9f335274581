import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { manualClock } from '../kit/clock.ts'
import { openForTest, problemIn, visitor } from './open.fixture.ts'

test('a streamed route has its body piece by piece, however large, before the next piece has come', async (context) => {
  const heard = Promise.withResolvers<void>()
  const { url } = await openForTest(
    context,
    {
      take: visitor.put('/take', { streamed: true }, async ({ request: sent }) => {
        let size = 0
        for await (const chunk of sent) {
          size += chunk.length
          heard.resolve()
        }
        return { size }
      }),
    },
    { limits: { body: 100 } },
  )
  const sent = request(`${url}/take`, { method: 'PUT' })
  sent.write(Buffer.alloc(50_000))
  await heard.promise
  sent.end(Buffer.alloc(50_000))
  const [answer] = await once(sent, 'response')
  assert.deepEqual(JSON.parse(String((await answer.toArray()).join(''))), { size: 100_000 })
})

test('a streamed route without a body reads its end at once', async (context) => {
  const take = visitor.post('/take', { streamed: true }, async ({ request: sent }) => (await text(sent)).length)
  const { url } = await openForTest(context, { take })
  assert.equal(await (await fetch(`${url}/take`, { method: 'POST' })).text(), '0')
})

test('who asks first whether to send is let send', async (context) => {
  const take = visitor.put('/take', { streamed: true }, async ({ request: sent }) => text(sent))
  const { url } = await openForTest(context, { take })
  const sent = request(`${url}/take`, { method: 'PUT', headers: { Expect: '100-continue', 'Content-Length': 5 } })
  sent.flushHeaders()
  await once(sent, 'continue')
  sent.end('kites')
  const [answer] = await once(sent, 'response')
  assert.equal((await answer.toArray()).join(''), 'kites')
})

test('a sender that hardly sends is cut from a streamed route, whose handler hears of it', async (context) => {
  const clock = manualClock()
  const heard = Promise.withResolvers<unknown>()
  const take = visitor.put('/take', { streamed: true }, async ({ request: sent }) => {
    const reading = text(sent)
    reading.catch(heard.resolve)
    return reading
  })
  const { url } = await openForTest(context, { take }, { clock })
  const sent = request(`${url}/take`, { method: 'PUT', headers: { 'Content-Length': 5000 } })
  sent.write('a')
  // where the connection is the runtime's own it answers before it ends
  sent.on('error', () => {})
  const left = new Promise((resolve) => sent.once('close', resolve))
  const tick = setInterval(() => clock.advance(1000), 5)
  context.after(() => clearInterval(tick))
  await left
  assert.ok((await heard.promise) instanceof Error)
})

test('a body cannot be both declared and streamed', async (context) => {
  const both = visitor.put('/take', { streamed: true, body: {} }, () => undefined)
  await assert.rejects(openForTest(context, { both }), { code: 'TAPRI_HTTP_ROUTE' })
})

test('a refusal before the body is read reaches its sender', async (context) => {
  const take = visitor.put('/take', { streamed: true }, () => {
    throw new Error('no')
  })
  const { url } = await openForTest(context, { take })
  const { status } = await problemIn(await fetch(`${url}/take`, { method: 'PUT', body: Buffer.alloc(200_000) }))
  assert.equal(status, 500)
})
