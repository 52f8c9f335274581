import assert from 'node:assert/strict'
import { test } from 'node:test'
import { z } from 'zod'
import { formatPath } from '../kit/errors.ts'
import {
  belongsTo,
  bool,
  decimal,
  email,
  guarded,
  hasMany,
  int,
  list,
  optional,
  partial,
  private as privately,
  text,
  time,
} from './fields.ts'
import { file } from './file-fields.ts'
import type { OutputSchema } from './output.ts'
import { compileOutput } from './output-check.ts'
import { content, events, lines, listOf, nothing, nullable, page, row, rowNamed, rows } from './outputs.ts'

const users = { name: text(), email: privately(email()), videos: hasMany('videos', 'owner') }
const videos = {
  title: text({ max: 20 }),
  at: time({ default: 'now' }),
  price: guarded(decimal()),
  source: optional(file({ accept: 'video/*', maxSize: '1mb' })),
  owner: belongsTo('users'),
  editor: optional(belongsTo('users')),
}
const id = '01a1fc22-92fa-7291-b729-5740de14c21d'
const ann = { id, name: 'Ann' }
const source = { id, name: 'a.mp4', type: 'video/mp4', size: 3, url: '/api/files/videos/1/source' }
const video = { id, title: 'Kites', at: new Date(0), price: '1.00', source, owner: id, editor: null }

async function wrong(schema: OutputSchema, value: unknown): Promise<readonly string[]> {
  return (await compileOutput(schema)(value)).map(({ path, message }) => `${formatPath(path)} ${message}`)
}

test('rows, pages and lists of them hold as the database gives them', async () => {
  const loaded = { with: { owner: row(users), editor: row(users) } }
  const held: [OutputSchema, unknown][] = [
    [row(videos), video],
    [row(videos), { ...video, price: null, source: null }],
    [
      rows(videos, loaded),
      [
        { ...video, owner: ann },
        { ...video, owner: ann, editor: ann },
      ],
    ],
    [page(videos), { rows: [video], next: null }],
    [page(videos), { rows: [], next: 'abc' }],
    [row(users, { private: true }), { ...ann, email: 'ann@club.test' }],
    [row(videos, { select: ['title'] }), { id, title: 'Kites' }],
    [row(users, { with: { videos: rows(videos), followers: int() } }), { ...ann, videos: [video], followers: 3 }],
    [rowNamed('users'), ann],
    [nullable(row(users)), null],
    [listOf({ day: text(), views: int() }), [{ day: 'Monday', views: 3 }]],
    [
      { tags: list(text()), shot: list(file({ accept: '*/*', maxSize: 1 })), user: row(users) },
      { tags: [], shot: [source], user: ann },
    ],
    [partial({ note: text() }), {}],
    [z.object({ a: z.number() }), { a: 1 }],
    [bool(), true],
    [nothing, undefined],
    [content('text/html'), 7],
    [events(int()), 7],
    [lines(int()), 7],
  ]
  for (const [schema, value] of held) assert.deepEqual(await wrong(schema, value), [], JSON.stringify(value))
})

test('everything that is not as it was said is told with its place', async () => {
  const refused: [OutputSchema, unknown, string[]][] = [
    [row(videos), { ...video, owner: ann }, ['owner must be the id of a row of users']],
    [rows(users), [ann, { id }], ['[1].name is missing']],
    [row(users), { ...ann, email: 'ann@club.test' }, ['email is not said in it']],
    [row(videos, { with: { owner: row(users) } }), { ...video, owner: null }, ['owner must be an object']],
    [page(videos), [video], ['it must be an object']],
    [rows(videos), video, ['it must be a list']],
    [row(videos), { ...video, title: null, source: {} }, ['title must be text, not null', 'source must be a stored file']],
    [page(users), { rows: [], next: 3 }, ['next must be text']],
    [nothing, 0, ['it must be nothing']],
    [
      { list: listOf(z.object({ a: z.number() })) },
      { list: [{ a: 'x' }] },
      ['list[0].a Invalid input: expected number, received string'],
    ],
    [rowNamed('users'), 'ann', ['it must be an object']],
  ]
  for (const [schema, value, told] of refused) assert.deepEqual(await wrong(schema, value), told)
})
