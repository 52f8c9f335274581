import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { manualClock } from '../kit/clock.ts'
import { senderOf } from './address.ts'
import { Limit } from './limit.ts'

const window = 15 * 60_000

test('ten tries pass, the eleventh waits until one is paid back', () => {
  const clock = manualClock()
  const limit = new Limit({ tries: 10, per: window, clock })
  for (let index = 0; index < 10; index++) assert.equal(limit.take('a'), 0)
  assert.equal(limit.take('a'), window / 10)
  assert.equal(limit.take('a'), window / 10, 'a refused try costs nothing')
  assert.equal(limit.take('b'), 0, 'another key has its own')
  clock.advance(window / 10)
  assert.equal(limit.take('a'), 0)
  assert.notEqual(limit.take('a'), 0)
})

test('in no stretch of time do more pass than the burst and what the stretch pays back', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 200_000 }), { minLength: 1, maxLength: 200 }), (steps) => {
      const clock = manualClock()
      const limit = new Limit({ tries: 10, per: window, clock })
      const passed: number[] = []
      for (const step of steps) {
        clock.advance(step)
        if (limit.take('a') === 0) passed.push(clock.now())
      }
      for (const [first, start] of passed.entries()) {
        for (const [last, end] of passed.entries()) {
          if (last < first) continue
          assert.ok(last - first + 1 <= 10 + (end - start) / (window / 10) + 0.01)
        }
      }
    }),
  )
})

test('a right try is given back', () => {
  const limit = new Limit({ tries: 2, per: window, clock: manualClock() })
  for (let index = 0; index < 20; index++) {
    assert.equal(limit.take('a'), 0)
    limit.giveBack('a')
  }
  assert.equal(limit.size, 0)
  limit.giveBack('never seen')
})

test('a flood of keys stays within the bound and does not free an old offender', () => {
  const clock = manualClock()
  const limit = new Limit({ tries: 10, per: window, clock, keys: 1000 })
  for (let index = 0; index < 10; index++) limit.take('victim')
  for (let index = 0; index < 20_000; index++) limit.take(`flood${index}`)
  assert.ok(limit.size <= 1000)
  assert.notEqual(limit.take('victim'), 0)
})

test('keys that are paid back are forgotten first', () => {
  const clock = manualClock()
  const limit = new Limit({ tries: 10, per: window, clock, keys: 100 })
  for (let index = 0; index < 100; index++) limit.take(`old${index}`)
  clock.advance(window)
  limit.take('new')
  assert.equal(limit.size, 1)
})

test('an address has one spelling, and an IPv6 customer one address', () => {
  assert.equal(senderOf('203.0.113.9'), '203.0.113.9')
  assert.equal(senderOf('::ffff:203.0.113.9'), '203.0.113.9')
  assert.equal(senderOf('::ffff:cb00:7109'), '203.0.113.9')
  assert.equal(senderOf('2001:db8:1:2::1'), senderOf('2001:DB8:1:2:ffff:ffff:ffff:ffff'))
  assert.equal(senderOf('2001:db8:1:2:0:0:0:1'), senderOf('2001:db8:1:2::5'))
  assert.notEqual(senderOf('2001:db8:1:2::1'), senderOf('2001:db8:1:3::1'))
  assert.equal(senderOf('fe80::1%eth0'), senderOf('fe80::2'))
  for (const odd of ['', 'localhost', 'x'.repeat(1000), '1.2.3.4.5', '::ffff:999.1.1.1']) assert.equal(senderOf(odd), 'unknown')
})
