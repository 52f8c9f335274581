import assert from 'node:assert/strict'
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { test } from 'node:test'
import type { Subscriber } from './hub.ts'
import { LiveQuery } from './query.ts'
import { openSlow } from './slow.fixture.ts'
import type { TestCaller } from './stall.fixture.ts'

test('a query waits for no caller whose socket is closed, as nobody looks any more who that is', async (t) => {
  const { hub, runs, work } = await openSlow(t, { users: (db) => db.users.find() })
  let looks = 0
  const subscriber: Subscriber<TestCaller> = {
    source: {
      number: 1,
      upgrade: new IncomingMessage(new Socket()),
      caller: null,
      isFresh: false,
      isClosed: true,
      hasRoom: true,
      async refresh() {
        if (++looks > 100) throw new Error('it is looked at for ever')
      },
      hold() {},
      letGo() {},
    },
    route: 'users',
    input: {},
    isWaiting: true,
    greet() {},
    send() {},
    end() {},
    reconsider() {},
    move() {},
  }
  const query = new LiveQuery(hub, { key: '', topic: 1 }, subscriber)
  query.add(subscriber)
  await work.idle()
  assert.deepEqual([looks, query.subscribers.size, runs], [1, 0, []])
})
