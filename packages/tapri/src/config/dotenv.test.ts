import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseEnv } from 'node:util'
import fc from 'fast-check'
import { readDotEnv } from './dotenv.ts'

const name = fc.stringMatching(/^[A-Z][A-Z_]{0,5}$/)
const bare = fc.stringMatching(/^[a-z0-9:/.@-]{0,12}$/)
const quoted = fc
  .tuple(fc.constantFrom('"', "'", '`'), fc.stringMatching(/^[a-z =#\n$]{0,12}$/))
  .map(([quote, inner]) => quote + inner + quote)
const line = fc.oneof(
  fc.tuple(name, fc.oneof(bare, quoted), fc.constantFrom('', ' # note')).map(([key, value, note]) => `${key}=${value}${note}`),
  fc.constantFrom('', '  ', '# comment', '#A=1'),
)

test('whole files read as Node itself reads them', () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
      const text = lines.join('\n')
      const { assignments, broken } = readDotEnv(text)
      assert.deepEqual(broken, [])
      assert.deepEqual(Object.fromEntries(assignments.map(({ name, value }) => [name, value])), { ...parseEnv(text) })
    }),
  )
})

test('no text makes the reader throw', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => void readDotEnv(text)))
})

test('each assignment tells the line that it begins on', () => {
  const { assignments } = readDotEnv('A=1\n\nB="x\ny"\nC=3')
  assert.deepEqual(
    assignments.map(({ name, line }) => [name, line]),
    [
      ['A', 1],
      ['B', 3],
      ['C', 5],
    ],
  )
})

test('a line of blanks behind a name takes as long as it is long', () => {
  const { assignments, broken } = readDotEnv(`A=${'\t'.repeat(200_000)}b\u2028c`)
  assert.deepEqual([assignments.map(({ name }) => name), broken], [['A'], []])
})
