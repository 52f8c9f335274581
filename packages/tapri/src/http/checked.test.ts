import assert from 'node:assert/strict'
import { test } from 'node:test'
import { int, nothing, nullable, text } from '../schema/index.ts'
import { openForTest, problemIn, visitor } from './open.fixture.ts'

const likes = { likes: int() }

/** Says one thing and gives another; the compiler would not let it pass, a value of the type any does. */
function broken(value: unknown) {
  const any: any = value
  return visitor.get('/', { output: likes }, () => any)
}

test('an answer that is as its route says is sent', async (t) => {
  const { url } = await openForTest(t, {
    likes: visitor.get('/', { output: likes }, async () => ({ likes: 3 })),
    none: visitor.get('/none', { output: nullable(likes) }, () => null),
    done: visitor.post('/', { output: nothing }, () => {}),
  })
  assert.deepEqual(await (await fetch(url)).json(), { likes: 3 })
  assert.equal(await (await fetch(`${url}/none`)).json(), null)
  assert.equal((await fetch(url, { method: 'POST' })).status, 204)
})

test('in development an answer that is not as its route says is a fault of the server, which the log tells', async (t) => {
  for (const [value, told] of [
    [{ likes: 'many' }, /likes must be a whole number, not a string/],
    [{}, /likes is missing/],
    [{ likes: 1, secret: 'x' }, /secret is not said in it/],
    [undefined, /it must be an object/],
  ] as const) {
    const { url, entries } = await openForTest(t, { list: broken(value) })
    const { status, code } = await problemIn(await fetch(url, { headers: { accept: 'application/json' } }))
    assert.deepEqual([status, code], [500, 'TAPRI_INTERNAL'])
    assert.match(
      JSON.stringify(entries, (_key, entry) => (entry instanceof Error ? entry.message : entry)),
      told,
    )
  }
})

test('in production nothing of an answer is looked at', async (t) => {
  const { url } = await openForTest(t, { list: broken({ likes: 'many' }) }, { production: true })
  assert.deepEqual(await (await fetch(url)).json(), { likes: 'many' })
})

test('what reply makes and web-standard answers are not looked into', async (t) => {
  const { url } = await openForTest(t, {
    text: visitor.get('/text', { output: likes }, ({ reply }) => reply.text('three')),
    web: visitor.get('/web', { output: likes }, (): any => new Response('four')),
  })
  assert.equal(await (await fetch(`${url}/text`)).text(), 'three')
  assert.equal(await (await fetch(`${url}/web`)).text(), 'four')
})

test('a route says the status of its answers, and its handler another one', async (t) => {
  const { url } = await openForTest(t, {
    make: visitor.post('/', { status: 201, output: { name: text() } }, () => ({ name: 'kite' })),
    take: visitor.put('/', { status: 201 }, ({ reply }) => {
      reply.status(202)
      return { name: 'kite' }
    }),
  })
  assert.equal((await fetch(url, { method: 'POST' })).status, 201)
  assert.equal((await fetch(url, { method: 'PUT' })).status, 202)
})
