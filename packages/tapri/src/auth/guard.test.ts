import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Limit } from '../http/index.ts'
import { manualClock } from '../kit/clock.ts'
import { TapriError } from '../kit/errors.ts'
import { type LogEntry, openLog } from '../observe/index.ts'
import { Guard } from './guard.ts'

function guardWith() {
  const clock = manualClock()
  const log = openLog({ format: 'silent' })
  const entries: LogEntry[] = []
  log.subscribe((entry) => entries.push(entry))
  return { clock, entries, guard: new Guard({ openLimit: (_name, numbers) => new Limit({ ...numbers, clock }), log }) }
}

async function refusal(enter: () => Promise<unknown>): Promise<TapriError> {
  try {
    await enter()
  } catch (error) {
    if (error instanceof TapriError) return error
  }
  return assert.fail('was let in')
}

test('an account has ten tries in fifteen minutes, however many addresses they come from', async () => {
  const { clock, entries, guard } = guardWith()
  for (let index = 0; index < 10; index++) await guard.enter('sign in', { ip: `203.0.113.${index}`, account: 'a@b.example' })
  const error = await refusal(() => guard.enter('sign in', { ip: '2001:db8::1', account: 'a@b.example' }))
  assert.equal(error.code, 'TAPRI_AUTH_TOO_MANY')
  assert.equal(error.status, 429)
  assert.equal(error.facts?.retryAfter, 90)
  assert.equal(error.message, 'Cannot sign in: too many tries, try again in 90 seconds')
  assert.equal(entries[0]?.event, 'auth.limited')
  clock.advance(90_000)
  await guard.enter('sign in', { ip: '2001:db8::1', account: 'a@b.example' })
  await refusal(() => guard.enter('sign in', { ip: '2001:db8::1', account: 'a@b.example' }))
})

test('a sender has a hundred tries whatever the accounts, and one customer of IPv6 is one sender', async () => {
  const { guard } = guardWith()
  for (let index = 0; index < 100; index++)
    await guard.enter('sign in', { ip: `2001:db8:1:2::${index}`, account: `a${index}@b.example` })
  await refusal(() => guard.enter('sign up', { ip: '2001:0db8:0001:0002:ffff::1' }))
  await guard.enter('sign up', { ip: '2001:db8:1:3::1' })
})

test('a right try costs neither the account nor the sender anything', async () => {
  const { guard } = guardWith()
  for (let index = 0; index < 500; index++) await (await guard.enter('sign in', { ip: '203.0.113.1', account: 'a@b.example' }))()
})

test('a try refused for the sender does not count against the account', async () => {
  const { guard } = guardWith()
  for (let index = 0; index < 100; index++) await guard.enter('sign up', { ip: '203.0.113.1' })
  for (let index = 0; index < 50; index++)
    await refusal(() => guard.enter('sign in', { ip: '203.0.113.1', account: 'a@b.example' }))
  await guard.enter('sign in', { ip: '203.0.113.2', account: 'a@b.example' })
})
