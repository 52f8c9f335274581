import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { z } from 'zod'
import { markReceived } from './check.ts'
import {
  belongsTo,
  bool,
  date,
  email,
  float,
  hasMany,
  id,
  int,
  json,
  list,
  oneOf,
  optional,
  partial,
  text,
  time,
  url,
} from './fields.ts'
import { file } from './file-fields.ts'
import { checkStandard, compileFields, type Outcome } from './validator.ts'

const json1 = { source: 'json' } as const
const words = { source: 'text' } as const

function issuesOf(outcome: Outcome): string[] {
  return 'issues' in outcome ? outcome.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`) : []
}

test('a good input comes back with its defaults and as its types', () => {
  const check = compileFields({ title: text({ min: 3 }), page: int({ default: 1 }), at: time(), note: optional(text()) }, json1)
  assert.deepEqual(check({ title: 'Kites', at: '2026-11-21T09:30:00Z' }), {
    value: { title: 'Kites', page: 1, at: new Date('2026-11-21T09:30:00Z'), note: null },
  })
})

test('every failing path is listed at once', () => {
  const check = compileFields({ title: text({ min: 3 }), page: int({ min: 1 }), tags: list(text({ max: 3 }), { max: 2 }) }, json1)
  assert.deepEqual(issuesOf(check({ title: 'ab', page: 1.5, tags: ['ok', 'long!'], owner: 'me' })), [
    'title must have at least 3 characters, it has 2',
    'page must be a whole number, it is 1.5',
    'tags.1 must have at most 3 characters, it has 5',
    'owner is not known here',
  ])
})

test('a number that is none of those asked for is told by what is wrong with it', () => {
  const said = (source: 'json' | 'text', value: unknown) => issuesOf(compileFields({ page: int() }, { source })({ page: value }))
  assert.deepEqual(said('json', 2 ** 53), [
    'page must be a whole number of at most 9007199254740991 either way, it is 9007199254740992',
  ])
  assert.deepEqual(said('json', '1.5'), ['page must be a whole number, not a string'])
  assert.deepEqual(said('text', '1.5'), ['page must be a whole number'])
  assert.deepEqual(said('text', ['1', '2']), ['page must be a whole number, not a list'])
})

test('unknown and inherited keys are refused, whatever their names', () => {
  const check = compileFields({ title: text() }, json1)
  assert.deepEqual(issuesOf(check(JSON.parse('{"title":"x","__proto__":{"admin":true}}'))), ['__proto__ is not known here'])
  assert.deepEqual(
    issuesOf(check(Object.create({ title: 'inherited' }))),
    ['title is required', 'title is not known here'].slice(0, 1),
  )
  for (const odd of [null, [], 'text', 7, undefined]) assert.deepEqual(issuesOf(check(odd)), [' must be an object'])
})

test('words are converted only where the wire has nothing but words', () => {
  const fields = { page: int(), rate: float(), open: bool(), tags: list(int()) }
  assert.deepEqual(compileFields(fields, words)({ page: '2', rate: '1.5', open: 'true', tags: '7' }), {
    value: { page: 2, rate: 1.5, open: true, tags: [7] },
  })
  assert.equal(issuesOf(compileFields(fields, json1)({ page: '2', rate: '1.5', open: 'true', tags: '7' })).length, 4)
  for (const page of ['', ' 1', '0x10', '1e3', '9007199254740993', 'NaN', '١']) {
    assert.equal(issuesOf(compileFields({ page: int() }, words)({ page })).length, 1, page)
  }
})

test('an update takes what is given and invents nothing', () => {
  const check = compileFields(
    { title: text(), views: int({ default: 0 }), note: optional(text()) },
    { source: 'json', absent: 'update' },
  )
  assert.deepEqual(check({ note: null }), { value: { note: null } })
  assert.deepEqual(issuesOf(check({ title: null })), ['title must be text, not null'])
})

test('of partial fields only those that are sent are there', () => {
  const fields = partial({ title: text({ min: 3 }), views: int({ default: 0 }), note: optional(text()) })
  const check = compileFields(fields, json1)
  assert.deepEqual(check({}), { value: {} })
  assert.deepEqual(check({ note: null, views: 2 }), { value: { note: null, views: 2 } })
  assert.deepEqual(issuesOf(check({ title: 'ab' })), ['title must have at least 3 characters, it has 2'])
})

test('a default of now is the moment of the check', () => {
  const check = compileFields({ at: time({ default: 'now' }) }, { source: 'json', now: () => 5000 })
  assert.deepEqual(check({}), { value: { at: new Date(5000) } })
})

test('an expression that remembers where it stopped judges each text from its start', () => {
  const check = compileFields({ name: text({ match: /[a-z]/g }) }, { source: 'json' })
  for (let times = 0; times < 3; times++) assert.deepEqual(check({ name: 'a' }), { value: { name: 'a' } })
})

test('each kind refuses what is not its own', () => {
  const bad: [ReturnType<typeof text> | ReturnType<typeof json>, unknown[]][] = [
    [text(), [1, null, 'a\0b', '\ud800']],
    [text({ match: /^[a-z]+$/ }), ['A', '']],
    [email(), ['a', 'a@', '@b.c', 'a b@c.d', 'a@b.c\r\nBcc: x@y.z', 'a@b.c, x@y.z', `${'a'.repeat(65)}@b.c`, 7]],
    [url(), ['/path', 'javascript:alert(1)', 'ftp://a.b', 7]],
    [date() as never, ['2026-02-30', '2026-1-1', '21.11.2026', 7]],
    [time() as never, ['2026-11-21', '2026-11-21T09:30:00', 'now', 7, new Date(Number.NaN), new Date(-8.64e15)]],
    [oneOf(['draft', 'public']) as never, ['Draft', '', 'toString', 7]],
    [int({ max: 5 }) as never, [6, 1.5, Number.NaN, Infinity, 2 ** 53, '5']],
    [float() as never, [Number.NaN, Infinity, '1.5', null]],
    [bool() as never, ['true', 1, null]],
    [id('videos') as never, ['', 'x', 7, '018F0000-0000-7000-8000-000000000000']],
    [belongsTo('videos') as never, ['x', null]],
    [hasMany('videos', 'author') as never, [[]]],
    [file({ accept: '*/*', maxSize: 1 }) as never, [{ id: 'x', name: 'a', type: 'b', size: 1, key: '../../etc/passwd' }, 'x']],
    [list(int()) as never, [{}, '1', [1, 'x'], Array(1001).fill(1)]],
  ]
  for (const [field, values] of bad) {
    const check = compileFields({ it: field }, json1)
    for (const value of values)
      assert.notEqual(issuesOf(check({ it: value })).length, 0, `${field['~field'].kind} took ${String(value)}`)
  }
})

test('lengths are counted in characters, not in code units', () => {
  const check = compileFields({ it: text({ max: 2, min: 2 }) }, json1)
  assert.deepEqual(issuesOf(check({ it: '😀😀' })), [])
  assert.equal(issuesOf(check({ it: '😀' })).length, 1)
})

test('an e-mail address is kept in lower case', () => {
  assert.deepEqual(compileFields({ it: email() }, json1)({ it: ' Ann@Club.TEST ' }), { value: { it: 'ann@club.test' } })
})

test('only what the server received is a file', () => {
  const received = markReceived({ id: 'a' })
  assert.deepEqual(compileFields({ it: file({ accept: '*/*', maxSize: 1 }) }, json1)({ it: received }), {
    value: { it: received },
  })
})

test('no input makes a validator throw', () => {
  const check = compileFields(
    { a: text({ max: 4 }), b: optional(int()), c: list(email()), d: time(), e: json(), f: url(), g: date() },
    json1,
  )
  fc.assert(fc.property(fc.anything({ withNullPrototype: true, withDate: true }), (input) => void check(input)))
  fc.assert(
    fc.property(
      fc.record({ a: fc.anything(), b: fc.anything(), c: fc.anything(), d: fc.anything(), f: fc.anything(), g: fc.anything() }),
      (input) => void check(input),
    ),
  )
})

test('a Standard Schema checks with its own rules and words', async () => {
  const schema = z.object({ title: z.string().min(3), tags: z.array(z.string()) })
  assert.deepEqual(await checkStandard(schema, { title: 'Kites', tags: [] }, 'body'), { title: 'Kites', tags: [] })
  await assert.rejects(
    checkStandard(schema, { title: 'Kites', tags: [1] }, 'body'),
    (error: { code: string; issues: { path: unknown }[] }) => {
      assert.equal(error.code, 'TAPRI_INVALID')
      assert.deepEqual(error.issues[0]?.path, ['tags', 0])
      return true
    },
  )
})

test('a file field says what it accepts and how large it may be', () => {
  const anyFile: (options?: unknown) => unknown = file as never
  for (const options of [undefined, {}, { maxSize: '1mb' }, { accept: ' ', maxSize: '1mb' }, { accept: 7, maxSize: '1mb' }]) {
    assert.throws(() => anyFile(options), { code: 'TAPRI_KIT_FILE', status: 500 })
  }
  assert.throws(() => anyFile({ accept: 'image/*' }), { code: 'TAPRI_KIT_FILE', message: /without maxSize/ })
  assert.throws(() => anyFile({ accept: 'image/*', maxSize: 'much' }), { code: 'TAPRI_KIT_SIZE' })
})
