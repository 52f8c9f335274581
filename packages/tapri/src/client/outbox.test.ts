import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manualClock } from '../kit/clock.ts'
import { Outbox } from './outbox.ts'

/** An outbox, and the keys of what it has sent. */
function openOutbox() {
  const clock = manualClock()
  const keys: string[] = []
  const outbox = new Outbox(clock, ({ key }) => keys.push(key))
  outbox.open('ann')
  return { clock, keys, outbox }
}

type SentFacts = Readonly<Record<string, unknown>>

function refused(key: string | undefined, code: string, status: number, facts: SentFacts = {}) {
  const problem = { type: 'about:blank', title: code, status, code, detail: 'Not now', facts }
  return { type: 'sent', id: 1, key: String(key), problem } as const
}

test('what a server cannot take now is sent again under its key when the server says, before what comes after it', async () => {
  const { clock, keys, outbox } = openOutbox()
  const taken = [outbox.add('first'), outbox.add('second')]
  const [key] = keys
  for (const [code, status] of [['TAPRI_DATA_BUSY', 503] as const, ['TAPRI_LIVE_TOO_FAST', 429] as const]) {
    const before = keys.length
    outbox.onSent(refused(key, code, status, { retryAfter: 2 }))
    clock.advance(1_999)
    assert.equal(keys.length, before)
    clock.advance(1)
    assert.equal(keys.length, before + 1)
  }
  outbox.onSent({ type: 'sent', id: 1, key: String(key) })
  assert.deepEqual(keys.slice(0, 3), [key, key, key])
  assert.notEqual(keys[3], key)
  outbox.onSent({ type: 'sent', id: 1, key: String(keys[3]) })
  await Promise.all(taken)
})

test('what a server will not take is refused, and the next is sent', async () => {
  const { keys, outbox } = openOutbox()
  for (const [code, status, facts] of [
    ['TAPRI_DENIED', 403, {}],
    ['TAPRI_INTERNAL', 500, {}],
    ['TAPRI_LIMITED', 429, { retryAfter: 60 }],
  ] as const) {
    const sent = outbox.add(code)
    outbox.onSent(refused(keys.at(-1), code, status, facts))
    await assert.rejects(sent, { code, status })
  }
  assert.equal(new Set(keys).size, 3)
})
