import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { client, closeClient } from 'tapri/client'
import { testApp } from 'tapri/test'
import { useLive } from 'tapri/vue'
import { createSSRApp, effectScope, h, nextTick, ref, watchEffect } from 'vue'
import { renderToString } from 'vue/server-renderer'
import { arrivals } from '../packages/tapri/src/live/stall.fixture.ts'
import app from './notes.fixture.ts'

async function open(t: TestContext) {
  const server = await testApp(app)
  const api = client<typeof app>(server.url)
  t.after(async () => {
    closeClient(api)
    await server[Symbol.asyncDispose]()
  })
  return { api, write: (text: string, board: string) => server.db.notes.create({ text, board }) }
}

test('a composable follows a route until its scope ends, and anew when its input says something else', async (t) => {
  const { api, write } = await open(t)
  await write('a', 'plans')
  await write('b', 'other')
  const board = ref('plans')
  const seen = arrivals<unknown>()
  const scope = effectScope()
  scope.run(() => {
    const { value, isReady } = useLive(api.notes.list, () => ({ board: board.value }))
    watchEffect(() => seen.add(isReady.value && value.value), { flush: 'sync' })
  })
  await seen.count(2)
  await write('c', 'plans')
  await seen.count(3)
  board.value = 'other'
  await nextTick()
  await seen.count(5)
  assert.deepEqual(seen.seen, [false, ['a'], ['a', 'c'], false, ['b']])
  scope.stop()
  using other = api.notes.list.live({ board: 'other' })
  await other.ready
  const told = arrivals<unknown>()
  other.onChange(told.add)
  await write('d', 'other')
  await told.count(1)
  assert.equal(seen.seen.length, 5)
})

test('a composable shows a live answer that is there already, and leaves it open', async (t) => {
  const { api, write } = await open(t)
  using notes = api.notes.list.live({ board: 'plans' })
  await notes.ready
  const seen = arrivals<unknown>()
  const scope = effectScope()
  scope.run(() => {
    const { value } = useLive(notes)
    watchEffect(() => seen.add(value.value), { flush: 'sync' })
  })
  await write('a', 'plans')
  await seen.count(2)
  scope.stop()
  assert.deepEqual([seen.seen, notes.isClosed], [[[], ['a']], false])
})

test('a refusal becomes the error of a composable', async (t) => {
  const { api } = await open(t)
  const seen = arrivals<unknown>()
  const scope = effectScope()
  scope.run(() => {
    const { error } = useLive(api.notes.fails)
    watchEffect(() => error.value !== undefined && seen.add(error.value), { flush: 'sync' })
  })
  await seen.count(1)
  scope.stop()
  assert.match(String(seen.seen[0]), /Not for you/)
})

test('on a server a component is rendered with what is known, and follows nothing', async (t) => {
  const { api, write } = await open(t)
  await write('a', 'plans')
  using notes = api.notes.list.live({ board: 'plans' })
  await notes.ready
  let asked = 0
  const route = { live: Object.assign(counted, api.notes.list.live) }
  function counted(): never {
    asked++
    throw new Error('A server follows nothing')
  }
  const page = createSSRApp({
    setup() {
      const known = useLive(notes)
      const unknown = useLive(route, { board: 'plans' })
      return () => h('p', `${known.value.value?.join()} ${String(unknown.isReady.value)}`)
    },
  })
  assert.equal(await renderToString(page), '<p>a false</p>')
  assert.equal(asked, 0)
})
