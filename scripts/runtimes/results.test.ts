import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readResults } from './results.ts'

test('what bun test prints is read by title, without the time that each took', () => {
  const output = '(pass) a tag is weak [3.67ms]\n(fail) a range [of bytes] is served [1.20s]\n(skip) a store\n 1 pass\n 1 fail\n'
  assert.deepEqual(readResults(output), {
    passed: ['a tag is weak'],
    failed: ['a range [of bytes] is served'],
    skipped: ['a store'],
  })
})

test('what deno test prints is read by title, and words about files are no tests', () => {
  const output = [
    'running 2 tests from ./a.test.ts',
    'a tag is weak ... ok (30ms)',
    'a range is served ... FAILED (1s)',
    'a store ... ignored (0ms)',
    'a range is served => ./a.test.ts:12:1',
    'FAILED | 1 passed | 1 failed (2s)',
  ].join('\n')
  assert.deepEqual(readResults(output), { passed: ['a tag is weak'], failed: ['a range is served'], skipped: ['a store'] })
})
