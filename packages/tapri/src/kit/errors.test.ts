import assert from 'node:assert/strict'
import { test } from 'node:test'
import { deny, errorTable, formatPath, invalid, notFound, TapriError } from './errors.ts'

test('an error carries a code for programs, a sentence for people and a status for HTTP', () => {
  const error = new TapriError('CLUB_FULL', 'Cannot join "chess": it has 12 of 12 members', { status: 409 })
  assert.equal(error.code, 'CLUB_FULL')
  assert.equal(error.status, 409)
  assert.equal(String(error), 'TapriError: Cannot join "chess": it has 12 of 12 members')
})

test('a room names its codes once, with their statuses', () => {
  const fail = errorTable({ TAPRI_TEST_GONE: 410 })
  const cause = new Error('disk')
  const error = fail('TAPRI_TEST_GONE', 'Cannot open the tin', { cause })
  assert.equal(error.status, 410)
  assert.equal(error.cause, cause)
})

test('denials, absences and bad input have statuses of their own', () => {
  assert.equal(deny('Only the owner can do that').status, 403)
  assert.equal(notFound('No such club').status, 404)
  assert.equal(invalid([]).status, 422)
})

test('bad input is told in one sentence, with the number of further faults', () => {
  const error = invalid(
    [
      { path: ['tags', 2, 'name'], message: 'must not be empty' },
      { path: ['title'], message: 'is required' },
    ],
    'body',
  )
  assert.equal(error.message, 'Cannot accept the body: tags[2].name must not be empty (and 1 more)')
  assert.equal(formatPath([]), 'it')
})
