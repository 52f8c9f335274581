import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readPartHeader } from './part-header.ts'

const header = (disposition: string, more: Record<string, string[]> = {}) =>
  readPartHeader({ 'content-disposition': [Buffer.from(disposition).toString('latin1')], ...more })

test('a text part has a name and no file name', () => {
  assert.deepEqual(header('form-data; name="title"'), { name: 'title', filename: undefined, claimed: 'application/octet-stream' })
})

test('a file part has what browsers and programs write', () => {
  assert.equal(header('form-data; name="a"; filename="naïve.mp4"').filename, 'naïve.mp4')
  assert.equal(header('form-data; name="a"; filename="say %22hi%22.txt"').filename, 'say "hi".txt')
  assert.equal(header('form-data; name="a"; filename="say \\"hi\\".txt"').filename, 'say "hi".txt')
  assert.equal(header('form-data; name="a"; filename="C:\\new\\x.txt"').filename, 'C:\\new\\x.txt')
  assert.equal(header('form-data; name=a; filename=x.txt').filename, 'x.txt')
  assert.equal(header('form-data;name="a";filename="a;b=c.txt"').filename, 'a;b=c.txt')
  assert.equal(header('Form-Data; NAME="a"; filename=""').filename, '')
  assert.equal(header('form-data; name="a"; filename="x"; filename*=utf-8\'\'na%C3%AFve.txt').filename, 'naïve.txt')
})

test('a claimed type is read without parameters; one that cannot be read claims nothing', () => {
  assert.equal(header('form-data; name="a"', { 'content-type': ['Text/CSV; charset=utf-8'] }).claimed, 'text/csv')
  for (const type of ['', 'text', 'text/', 'a/b/c', 'text/<script>', 'x'.repeat(300)]) {
    assert.equal(header('form-data; name="a"', { 'content-type': [type] }).claimed, 'application/octet-stream', type)
  }
})

test('a header that is not form-data, or only nearly, is TAPRI_FILES_FORM', () => {
  const bad = [
    '',
    'attachment; name="a"',
    'form-data',
    'form-data; name=""',
    'form-data; filename="a"',
    'form-data name="a"',
    'form-data; name="a" filename="b"',
    'form-data; name="a',
    'form-data; name="a"; name="b"',
    'form-data; name="a"; filename="b"; filename="c"',
    'form-data; name="a"; filename*=utf-8\'\'%FF',
    'form-data; name="a"; filename="b\\"',
  ]
  for (const disposition of bad) assert.throws(() => header(disposition), { code: 'TAPRI_FILES_FORM', status: 400 }, disposition)
  assert.throws(() => readPartHeader({}), { code: 'TAPRI_FILES_FORM' })
  assert.throws(() => readPartHeader({ 'content-disposition': ['form-data; name="a"', 'form-data; name="b"'] }), {
    code: 'TAPRI_FILES_FORM',
  })
})

test('encoded bytes, header bombs and endless lists of headers are TAPRI_FILES_FORM', () => {
  assert.throws(() => header('form-data; name="a"', { 'content-transfer-encoding': ['base64'] }), { code: 'TAPRI_FILES_FORM' })
  assert.throws(() => header(`form-data; name="${'a'.repeat(9000)}"`), { code: 'TAPRI_FILES_FORM' })
  const many = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`x-${index}`, ['1']]))
  assert.throws(() => header('form-data; name="a"', many), { code: 'TAPRI_FILES_FORM' })
})

test('a long header that nearly matches is read in linear time', () => {
  // the limit of 8 kB bounds it; a pattern that went back would still take minutes
  assert.throws(() => header(`form-data; name="${'\\"'.repeat(3900)}`), { code: 'TAPRI_FILES_FORM' })
  assert.throws(() => header(`form-data; ${' '.repeat(8000)}x`), { code: 'TAPRI_FILES_FORM' })
})

test('a header of blanks takes no longer to refuse than any other', () => {
  // two thousand of them took minutes when each blank could belong to two neighbours
  for (let times = 0; times < 2000; times++) {
    assert.throws(() => header(`form-data; name=${' '.repeat(8000)}x"`), { code: 'TAPRI_FILES_FORM' })
  }
})
