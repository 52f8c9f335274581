import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { cleanName, contentDisposition } from './names.ts'

test('only the last part of a sent path is kept', () => {
  assert.equal(cleanName('../../etc/passwd'), 'passwd')
  assert.equal(cleanName('C:\\clips\\kites.mp4'), 'kites.mp4')
  assert.equal(cleanName('/a/b\\c.png'), 'c.png')
})

test('a name without a name is called file', () => {
  for (const sent of ['', '.', '..', '/', 'a/', '\0', ' \t ', '\u202e', '../..'])
    assert.equal(cleanName(sent), 'file', JSON.stringify(sent))
})

test('control characters and turned writing directions are taken out', () => {
  assert.equal(cleanName('ki\0t\r\nes\x7f.png'), 'kites.png')
  assert.equal(cleanName('photo\u202egpj.exe'), 'photogpj.exe')
})

test('one name has one form, whatever machine it comes from', () => {
  assert.equal(cleanName('e\u0301te\u0301.mp4'), 'été.mp4')
})

test('any sent name becomes 1 to 255 bytes without a path, and is stable', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 600 }), (sent) => {
      const name = cleanName(sent)
      const length = Buffer.byteLength(name)
      assert.ok(length >= 1 && length <= 255)
      assert.ok(!/[/\\\p{Cc}]/u.test(name))
      assert.equal(cleanName(name), name)
    }),
  )
})

test('a name that was cleaned is not changed when it is cleaned again', () => {
  const cases = {
    [`${'a'.repeat(254)} kites`]: 'a'.repeat(254),
    [`${'a'.repeat(249)} kites.webm`]: `${'a'.repeat(249)}.webm`,
    'e\u200f\u0301te': 'éte',
    [`.${' '.repeat(300)}x`]: 'file',
    [`.${' '.repeat(300)}.`]: 'file',
  }
  for (const [sent, name] of Object.entries(cases)) {
    assert.equal(cleanName(sent), name)
    assert.equal(cleanName(name), name)
  }
})

test('a long name keeps its ending', () => {
  const name = cleanName(`${'नम'.repeat(200)}.webm`)
  assert.ok(name.endsWith('.webm'))
  assert.ok(Buffer.byteLength(name) <= 255)
})

test('a download header holds any name in ASCII, within its quotes', () => {
  assert.equal(contentDisposition('inline', 'kites.mp4'), 'inline; filename="kites.mp4"')
  assert.equal(
    contentDisposition('attachment', 'a"; b.txt'),
    `attachment; filename="a_; b.txt"; filename*=UTF-8''a%22%3B%20b.txt`,
  )
  assert.equal(
    contentDisposition('attachment', "é'(1).txt"),
    `attachment; filename="_'(1).txt"; filename*=UTF-8''%C3%A9%27%281%29.txt`,
  )
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (sent) => {
      const header = contentDisposition('attachment', cleanName(sent))
      assert.match(header, /^attachment; filename="[^"\\]*"(?:; filename\*=UTF-8''[A-Za-z0-9!#$&+.^_`|~%-]+)?$/)
      assert.match(header, /^[\x20-\x7e]+$/)
    }),
  )
})
