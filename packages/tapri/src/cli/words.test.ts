import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readWords } from './words.ts'

const known = { values: ['--to', '--files'], flags: ['--damaged'], places: 1 }

test('the words of a command are values, flags and places, in any order', () => {
  const words = readWords('restore', ['--to', 'a', 'folder', '--damaged', '--files=b=c'], known)
  assert.deepEqual(
    [...words.values],
    [
      ['--to', 'a'],
      ['--files', 'b=c'],
    ],
  )
  assert.deepEqual([...words.flags], ['--damaged'])
  assert.deepEqual(words.places, ['folder'])
  assert.deepEqual(readWords('restore', [], known).places, [])
})

test('words that are not known, too many or without their value are refused', () => {
  const cases: [string[], RegExp][] = [
    [['--to'], /"--to" needs a value/],
    [['--to='], /"--to" needs a value/],
    [['--from', 'a'], /"--from" is not known here/],
    [['--damaged=yes'], /"--damaged=yes" is not known here/],
    [['one', 'two'], /"two" is not known here/],
    [['-x'], /"-x" is not known here/],
  ]
  for (const [words, message] of cases) {
    assert.throws(() => readWords('restore', words, known), { code: 'TAPRI_CLI_USAGE', message })
  }
})
