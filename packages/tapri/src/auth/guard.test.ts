import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manualClock } from '../kit/clock.ts'
import { TapriError } from '../kit/errors.ts'
import { type LogEntry, openLog } from '../observe/index.ts'
import { Guard } from './guard.ts'

function guardWith() {
  const clock = manualClock()
  const log = openLog({ format: 'silent' })
  const entries: LogEntry[] = []
  log.subscribe((entry) => entries.push(entry))
  return { clock, entries, guard: new Guard({ clock, log }) }
}

function refusal(enter: () => unknown): TapriError {
  try {
    enter()
  } catch (error) {
    if (error instanceof TapriError) return error
  }
  return assert.fail('was let in')
}

test('an account has ten tries in fifteen minutes, however many addresses they come from', () => {
  const { clock, entries, guard } = guardWith()
  for (let index = 0; index < 10; index++) guard.enter('sign in', { ip: `203.0.113.${index}`, account: 'a@b.example' })
  const error = refusal(() => guard.enter('sign in', { ip: '2001:db8::1', account: 'a@b.example' }))
  assert.equal(error.code, 'TAPRI_AUTH_TOO_MANY')
  assert.equal(error.status, 429)
  assert.equal(error.facts?.retryAfter, 90)
  assert.equal(error.message, 'Cannot sign in: too many tries, try again in 90 seconds')
  assert.equal(entries[0]?.event, 'auth.limited')
  clock.advance(90_000)
  guard.enter('sign in', { ip: '2001:db8::1', account: 'a@b.example' })
  refusal(() => guard.enter('sign in', { ip: '2001:db8::1', account: 'a@b.example' }))
})

test('a sender has a hundred tries whatever the accounts, and one customer of IPv6 is one sender', () => {
  const { guard } = guardWith()
  for (let index = 0; index < 100; index++)
    guard.enter('sign in', { ip: `2001:db8:1:2::${index}`, account: `a${index}@b.example` })
  refusal(() => guard.enter('sign up', { ip: '2001:0db8:0001:0002:ffff::1' }))
  guard.enter('sign up', { ip: '2001:db8:1:3::1' })
})

test('a right try costs neither the account nor the sender anything', () => {
  const { guard } = guardWith()
  for (let index = 0; index < 500; index++) guard.enter('sign in', { ip: '203.0.113.1', account: 'a@b.example' })()
})

test('a try refused for the sender does not count against the account', () => {
  const { guard } = guardWith()
  for (let index = 0; index < 100; index++) guard.enter('sign up', { ip: '203.0.113.1' })
  for (let index = 0; index < 50; index++) refusal(() => guard.enter('sign in', { ip: '203.0.113.1', account: 'a@b.example' }))
  guard.enter('sign in', { ip: '203.0.113.2', account: 'a@b.example' })
})
