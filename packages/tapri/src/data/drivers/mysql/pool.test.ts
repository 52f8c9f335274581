import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pool, type Pooled } from './pool.ts'

class Pipe implements Pooled {
  isBroken = false

  close(): void {
    this.isBroken = true
  }
}

function pipes(open: () => Promise<Pipe> = async () => new Pipe()): Pool<Pipe> {
  return new Pool({ most: 2, timeout: 10_000, idle: 10_000, open })
}

test('a pool gives what was given back before it opens more, and never more than its number', async () => {
  let opened = 0
  const pool = pipes(async () => {
    opened++
    return new Pipe()
  })
  const one = await pool.take()
  pool.give(one.member)
  const again = await pool.take()
  assert.deepEqual([again.member, again.isUsed, one.isUsed], [one.member, true, false])
  const other = await pool.take()
  const waiting = [pool.take(), pool.take()]
  pool.give(again.member)
  pool.give(other.member)
  const members = (await Promise.all(waiting)).map(({ member }) => member)
  assert.deepEqual(members, [again.member, other.member])
  assert.equal(opened, 2)
})

test('what broke makes room, also for those who wait', async () => {
  const pool = pipes()
  const [one, other] = [await pool.take(), await pool.take()]
  const waiting = [pool.take(), pool.take()]
  one.member.close()
  pool.give(one.member)
  other.member.close()
  pool.give(other.member)
  for (const { member } of await Promise.all(waiting)) {
    assert.equal(member.isBroken, false)
    assert.ok(member !== one.member && member !== other.member)
    pool.give(member)
  }
  const idle = await pool.take()
  pool.give(idle.member)
  idle.member.close()
  assert.equal((await pool.take()).member.isBroken, false)
})

test('an opening that fails is told to whoever asked for it, and keeps no room', async () => {
  let fails = true
  const pool = pipes(async () => {
    if (fails) throw new Error('no')
    return new Pipe()
  })
  for (let round = 0; round < 5; round++) await assert.rejects(pool.take(), /no/)
  fails = false
  await Promise.all([pool.take(), pool.take()])
})

test('closing waits for what is out, closes it when it comes back, and gives nothing more', async () => {
  const pool = pipes()
  const [one, other] = [await pool.take(), await pool.take()]
  const waiting = pool.take()
  pool.give(other.member)
  const third = await waiting
  let isClosed = false
  const closing = pool.close().then(() => {
    isClosed = true
  })
  await assert.rejects(pool.take(), { code: 'TAPRI_DATA_UNREACHABLE' })
  pool.give(one.member)
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(isClosed, false)
  pool.give(third.member)
  await closing
  assert.deepEqual([one.member.isBroken, third.member.isBroken], [true, true])
})
