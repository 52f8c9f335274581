import assert from 'node:assert/strict'
import { test } from 'node:test'
import { draftOf } from './draft.ts'
import { dataError } from './errors.ts'
import { failedTogether, type Making, type Send, Together } from './together.ts'

const [books, marks] = ['books', 'marks'].map((name) => draftOf(name, {}, 'app', () => 0))
assert.ok(books !== undefined && marks !== undefined)

const making = (id: string, { rows = 1, changes = '[]' } = {}): Making => ({
  rows: Array.from({ length: rows }, (_, at) => ({ id: `${id}${at}` })),
  at: 0,
  changes,
})

/** Sends that wait until they are let go; what each of them had. */
function gate() {
  const sent: { readonly ids: string; readonly end: (answer: number | Error) => void }[] = []
  let arrived = () => {}
  const send: Send = (model, makings) => {
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    const ids = `${model.name} ${makings.map(({ rows }) => rows[0]?.id).join(' ')}`
    sent.push({ ids, end: (answer) => (typeof answer === 'number' ? resolve(answer) : reject(answer)) })
    arrived()
    return promise
  }
  const next = async (at: number) => {
    while (sent.length <= at) await new Promise<void>((resolve) => (arrived = resolve))
    const found = sent[at]
    assert.ok(found)
    return found
  }
  return { together: new Together(send), next, sent }
}

test('what comes at one moment is sent at once, for each model; what comes meanwhile gathers', async () => {
  const { together, next, sent } = gate()
  const first = [together.add(books, making('a')), together.add(marks, making('m')), together.add(books, making('b'))]
  assert.equal((await next(0)).ids, 'books a0 b0')
  assert.equal((await next(1)).ids, 'marks m0')
  const later = [together.add(books, making('c')), together.add(books, making('d'))]
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(sent.length, 2)
  sent[0]?.end(40)
  assert.equal((await next(2)).ids, 'books c0 d0')
  sent[1]?.end(60)
  sent[2]?.end(70)
  assert.deepEqual(await Promise.all([...first, ...later]), [40, 60, 41, 70, 71])
})

test('many rows, or long ones, are not sent with others', async () => {
  const { together, next } = gate()
  const all = [
    together.add(books, making('a', { rows: 600 })),
    together.add(books, making('b', { rows: 600 })),
    together.add(books, making('c', { changes: 'x'.repeat(300_000) })),
  ]
  for (const [at, ids] of ['books a0', 'books b0', 'books c0'].entries()) {
    const sent = await next(at)
    assert.equal(sent.ids, ids)
    sent.end(at)
  }
  assert.deepEqual(await Promise.all(all), [0, 1, 2])
})

test('those that fail together may pass by themselves; one that was alone is told why it failed', async () => {
  const { together, next } = gate()
  const taken = dataError('TAPRI_DATA_NOT_UNIQUE', 'Cannot save: it is taken')
  const two = Promise.allSettled([together.add(books, making('a')), together.add(books, making('b'))])
  ;(await next(0)).end(taken)
  for (const each of await two) assert.ok(each.status === 'rejected' && failedTogether(each.reason))
  const one = together.add(books, making('c'))
  ;(await next(1)).end(taken)
  await assert.rejects(one, taken)
})

test('what may have been committed is not done again', async () => {
  const { together, next } = gate()
  const two = Promise.allSettled([together.add(books, making('a')), together.add(books, making('b'))])
  ;(await next(0)).end(dataError('TAPRI_DATA_UNREACHABLE', 'Cannot reach the database: the connection is lost'))
  for (const each of await two) {
    assert.ok(each.status === 'rejected' && !failedTogether(each.reason) && each.reason.code === 'TAPRI_DATA_UNREACHABLE')
  }
})

test('who had to wait for a lock goes by itself, and so do those who come next', async () => {
  const { together, next } = gate()
  assert.ok(together.isOpen)
  const one = together.add(books, making('a'))
  ;(await next(0)).end(dataError('TAPRI_DATA_BUSY', 'Cannot write: others have kept the rows locked'))
  await assert.rejects(one, failedTogether)
  assert.ok(!together.isOpen)
})
