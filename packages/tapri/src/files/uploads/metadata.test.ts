import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { dispositionName, readMetadata } from './metadata.ts'

const key = fc.stringMatching(/^[a-z_-]{1,20}$/)
const value = fc.string({ unit: 'grapheme', maxLength: 40 }).filter((text) => text.isWellFormed())

test('whatever a sender writes as tus says is read as it was', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(key, value), { selector: ([name]) => name, maxLength: 20 }), (pairs) => {
      const text = pairs.map(([name, value]) => `${name} ${Buffer.from(value).toString('base64')}`.trimEnd()).join(',')
      assert.deepEqual([...readMetadata(text)], pairs)
    }),
  )
})

test('metadata that is not written so is refused', () => {
  for (const text of ['a b c', 'a !', 'a YQ==,a YQ==', ',', 'a YQ==,', 'name /w==', 'ä YQ==', `a ${'Y'.repeat(9000)}`]) {
    assert.throws(() => readMetadata(text), { code: 'TAPRI_FILES_HEADER', status: 400 }, text.slice(0, 20))
  }
  assert.throws(() => readMetadata(Array.from({ length: 51 }, (_, at) => `k${at}`).join(',')), { code: 'TAPRI_FILES_HEADER' })
})

test('any text is metadata or refused', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      try {
        readMetadata(text)
      } catch (error) {
        assert.ok(error instanceof Error && 'code' in error)
        assert.equal(error.code, 'TAPRI_FILES_HEADER')
      }
    }),
  )
})

test('the name of a file is that of its disposition, the extended one first', () => {
  const named = (disposition: string) => dispositionName({ 'content-disposition': disposition })
  assert.equal(named('inline; filename="kites.mp4"'), 'kites.mp4')
  assert.equal(named('inline; filename=kites.mp4'), 'kites.mp4')
  assert.equal(named('inline; filename="x"; filename*=UTF-8\'\'k%C3%A4ites.mp4'), 'käites.mp4')
  assert.equal(named('inline; filename="x"; filename*=UTF-8\'\'%FF'), 'x')
  assert.equal(named('inline'), undefined)
})
