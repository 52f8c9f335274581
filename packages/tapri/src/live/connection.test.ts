import assert from 'node:assert/strict'
import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { test } from 'node:test'
import { silentLog } from '../observe/index.ts'
import { Connection } from './connection.ts'
import { Hub } from './hub.ts'
import type { Outgoing } from './outgoing.ts'
import { openStall, type TestCaller } from './stall.fixture.ts'
import type { LiveOptions } from './types.ts'
import { Work } from './work.ts'

test('a subscription that begins as its session ends is told nothing, however the two fall together', async (t) => {
  const { clock, database, db } = await openStall(t)
  const user = await db.users.create({ name: 'Ann' })
  const options: LiveOptions<TestCaller> = {
    database,
    clock,
    log: silentLog,
    run: async ({ caller, reads, onCallerSeen }) => {
      onCallerSeen()
      return [caller, await tables(reads).videos.count()]
    },
    opened: (rules, caller) => database.opened(rules, caller?.user ?? null),
    async identify(_upgrade, token, reads) {
      const session = await tables(reads).sessions.first({ where: { token } })
      return session === null ? null : { user }
    },
    allowOrigin: () => true,
    senderOf: () => undefined,
    isLive: () => true,
  }
  const tables = (reads: Parameters<LiveOptions<TestCaller>['run']>[0]['reads']): any => database.systemDb({ reads })
  const work = new Work()
  const hub = new Hub(options, work)
  const connections = new Set<Connection<TestCaller>>()
  database.changes.subscribe((commit) => hub.onCommit(commit))

  /** A socket of a session of its own, and what it was sent. */
  const connect = async () => {
    const token = `token ${connections.size}`
    const session = await db.sessions.create({ token, user: user.id })
    const sent: string[] = []
    const socket = { send: ({ text }: Outgoing) => sent.push(text), unsent: 0, close: () => {}, terminate: () => {} }
    const upgrade = new IncomingMessage(new Socket())
    const connection = new Connection<TestCaller>(connections.size, upgrade, socket, hub, () => {})
    connections.add(connection)
    connection.onText(JSON.stringify({ type: 'hello', token }))
    await work.idle()
    return { connection, session, sent }
  }
  const subscribe = JSON.stringify({ type: 'subscribe', id: 1, route: 'count', input: {} })

  const first = await connect()
  first.connection.onText(subscribe)
  await work.idle()
  assert.match(first.sent.join(), /snapshot/)
  for (let steps = 0; steps < 60; steps++) {
    const { connection, session, sent } = await connect()
    let isOver = false
    const ending = db.sessions.delete(session.id).then(() => {
      isOver = true
    })
    for (let step = 0; step < steps; step++) await null
    const wasOver = isOver
    connection.onText(subscribe)
    await ending
    await work.idle()
    assert.match(sent.at(-1) ?? '', /TAPRI_AUTH_SESSION/, `after ${steps} steps`)
    assert.equal(connection.subscriptions, 0, `after ${steps} steps`)
    if (wasOver) assert.doesNotMatch(sent.join(), /snapshot/, `after ${steps} steps`)
  }
})
