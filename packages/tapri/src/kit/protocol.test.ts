import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readProblem } from './protocol.ts'

test('a problem document is read back as the error it tells of', () => {
  const issues = [{ path: ['title', 0], message: 'is required' }]
  const problem = {
    type: 'about:blank',
    title: 'No',
    status: 422,
    detail: 'Cannot',
    code: 'TAPRI_INVALID',
    facts: { left: 3 },
    issues,
  }
  const error = readProblem(problem)
  assert.ok(error)
  const { code, message, status, facts } = error
  assert.deepEqual(
    { code, message, status, facts, issues: error.issues },
    { code: 'TAPRI_INVALID', message: 'Cannot', status: 422, facts: { left: 3 }, issues },
  )
})

test('what is no problem document of ours is not read as one', () => {
  for (const document of [
    undefined,
    null,
    'no',
    [],
    {},
    { code: 5, status: 400 },
    { code: 'X', status: '400' },
    { error: 'no' },
  ]) {
    assert.equal(readProblem(document), undefined)
  }
  assert.equal(readProblem({ code: 'X', status: 400, issues: ['odd', { path: 'x' }] })?.issues?.length, 0)
})
