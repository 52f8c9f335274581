import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manualClock } from '../kit/clock.ts'
import { loadPart } from './load-part.ts'
import { hastyClock } from './serve.fixture.ts'

/** What a network does that fails so often. */
function network(failures: number) {
  let tries = 0
  const load = async () => {
    if (++tries <= failures) throw new TypeError('Failed to fetch dynamically imported module')
    return 'the part'
  }
  return { load, tries: () => tries }
}

test('a part that cannot be loaded at first is loaded later, after longer and longer waits', async () => {
  const { clock, waits } = hastyClock()
  const { load, tries } = network(3)
  let failures = 0
  assert.equal(await loadPart('tests', load, { clock, retries: 3, onOffline: () => failures++ }), 'the part')
  assert.equal(tries(), 4)
  assert.equal(failures, 3)
  for (const [place, wait] of waits.entries()) assert.ok(wait >= 125 * 2 ** place, `${waits}`)
})

test('a part that never comes is told of with what to do, and is tried no more', async () => {
  const { clock } = hastyClock()
  const { load, tries } = network(99)
  await assert.rejects(loadPart('tests', load, { clock }), (error: any) => {
    assert.equal(error.code, 'TAPRI_CLIENT_PART')
    assert.match(error.message, /^Cannot load the part of the client for tests: load the page again/)
    assert.match(error.cause.message, /Failed to fetch/)
    return true
  })
  assert.equal(tries(), 3)
})

test('a signal ends the waiting for a part', async () => {
  const stop = new AbortController()
  const loading = loadPart('tests', network(99).load, { clock: manualClock(), signal: stop.signal })
  stop.abort(new Error('left'))
  await assert.rejects(loading, { message: 'left' })
})

test('without a network nothing is tried until there is one', async (context) => {
  const { load, tries } = network(0)
  const page = new EventTarget()
  context.mock.getter(globalThis, 'navigator', () => ({ onLine: false }))
  Object.assign(globalThis, { addEventListener: page.addEventListener.bind(page) })
  context.after(() => Reflect.deleteProperty(globalThis, 'addEventListener'))
  let told = 0
  const loading = loadPart('tests', load, { clock: manualClock(), onOffline: () => told++ })
  assert.deepEqual([told, tries()], [1, 0])
  page.dispatchEvent(new Event('online'))
  assert.equal(await loading, 'the part')
})
