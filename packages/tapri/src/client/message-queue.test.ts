import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { HeardMessage } from './channel-types.ts'
import { Listeners } from './listeners.ts'
import { MessageQueue } from './message-queue.ts'

function openQueue() {
  const messages = new Listeners<HeardMessage<unknown>>()
  const ends = new Listeners<Error | undefined>()
  const queue = new MessageQueue({ onMessage: messages.add.bind(messages), onEnd: ends.add.bind(ends) })
  const say = (body: string) => messages.tell({ id: body, at: new Date(0), from: 'ann', body })
  return { queue, say, end: ends.tell.bind(ends) }
}

const over = { done: true, value: undefined }

test('who leaves the loop ends the waiting for a message, of all who wait', async () => {
  const { queue, say } = openQueue()
  const waiting = [queue.next(), queue.next()]
  assert.deepEqual(await queue.return(), over)
  say('too late')
  assert.deepEqual(await Promise.all([...waiting, queue.next()]), [over, over, over])
})

test('each who waits for a message is given one, in the order in which they asked', async () => {
  const { queue, say, end } = openQueue()
  const first = [queue.next(), queue.next()]
  say('one')
  const third = queue.next()
  say('two')
  say('three')
  say('four')
  const heard = await Promise.all([...first, third, queue.next()])
  assert.deepEqual(
    heard.map(({ value }) => value?.body),
    ['one', 'two', 'three', 'four'],
  )
  const last = [queue.next(), queue.next()]
  say('five')
  end(undefined)
  assert.deepEqual(
    (await Promise.all(last)).map(({ value }) => value?.body),
    ['five', undefined],
  )
})

test('what ended a channel is told to all who wait, once the messages before it were given out', async () => {
  const { queue, say, end } = openQueue()
  say('one')
  const error = new Error('put out')
  end(error)
  assert.partialDeepStrictEqual(await queue.next(), { value: { body: 'one' } })
  for (const waiting of [queue.next(), queue.next()]) await assert.rejects(waiting, error)
})
