import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bool, decimal, guarded, hasMany, int, json, list, oneOf, optional, partial, text, time } from './fields.ts'
import { audio, file, image, stream, video } from './file-fields.ts'
import { objectSchema } from './json-schema.ts'

test('fields become a JSON Schema of what is sent', () => {
  assert.deepEqual(
    objectSchema(
      {
        title: text({ min: 3, max: 120 }),
        page: int({ min: 1, default: 1 }),
        note: optional(text({ max: 5 })),
        at: time({ default: 'now' }),
        source: file({ accept: 'video/*', maxSize: '2gb' }),
      },
      'write',
    ),
    {
      type: 'object',
      properties: {
        title: { type: 'string', minLength: 3, maxLength: 120 },
        page: { type: 'integer', minimum: 1, default: 1 },
        note: { type: ['string', 'null'], maxLength: 5 },
        at: { type: 'string', format: 'date-time' },
        source: {
          type: 'object',
          properties: { upload: { type: 'string', description: 'What the upload was answered with' } },
          required: ['upload'],
          additionalProperties: false,
          description: 'video/*; at most 2 GB',
        },
      },
      required: ['title', 'source'],
      additionalProperties: false,
    },
  )
})

test('what is answered has every field, and no relation that was not asked for', () => {
  const schema = objectSchema({ published: bool({ default: false }), videos: hasMany('videos', 'author') as never }, 'read')
  assert.deepEqual(schema, {
    type: 'object',
    properties: { published: { type: 'boolean' } },
    required: ['published'],
  })
})

test('a guarded field is null in some answers, and is sent like any other', () => {
  const field = guarded(decimal({ precision: 3, scale: 2 }))
  assert.deepEqual(objectSchema({ price: field }, 'read').properties, {
    price: { type: ['string', 'null'], pattern: '^-?\\d\\.\\d{2}$' },
  })
  assert.deepEqual(objectSchema({ price: field }, 'write').properties, {
    price: { type: 'string', pattern: '^-?\\d(?:\\.\\d{1,2})?$' },
  })
})

test('null is among the values of every field that may be null', () => {
  const fields = { kind: optional(oneOf(['a', 'b'])), any: optional(json()), tags: optional(list(text({ max: 9 }), { max: 3 })) }
  assert.deepEqual(objectSchema(fields, 'read').properties, {
    kind: { type: ['string', 'null'], enum: ['a', 'b', null] },
    any: {},
    tags: { type: ['array', 'null'], items: { type: 'string', maxLength: 9 }, maxItems: 3 },
  })
})

test('where there are only texts nothing is null: an empty one stands for it', () => {
  const fields = { kind: optional(oneOf(['a'])), photo: optional(file({ accept: 'image/*', maxSize: '5mb' })) }
  assert.deepEqual(objectSchema(fields, 'write', { textual: true }).properties, {
    kind: { type: 'string', enum: ['a'] },
    photo: { type: 'string', format: 'binary', description: 'image/*; at most 5 MB' },
  })
})

test('a pattern is told unless flags change what it means, the bounds of a decimal in words', () => {
  const fields = { plain: text({ match: /^a+$/u }), loud: text({ match: /^a+$/i }), price: decimal({ min: '0', max: '9.50' }) }
  const { plain, loud, price }: any = objectSchema(fields, 'write').properties
  assert.deepEqual([plain.pattern, loud.pattern], ['^a+$', undefined])
  assert.equal(price.description, 'at least 0.00, at most 9.50')
})

test('a field that may be left out is never required', () => {
  const fields = partial({ title: text(), note: optional(text()) })
  for (const side of ['read', 'write'] as const) assert.equal(objectSchema(fields, side).required, undefined)
})

test('a stored file has what is known of its kind, a picture the variants of its field', () => {
  const fields = {
    paper: file({ accept: '*/*', maxSize: 1 }),
    song: audio({ maxSize: 1 }),
    film: video({ maxSize: 1 }),
    face: image({ maxSize: 1, variants: { thumb: { width: 9 } } }),
    plain: image({ maxSize: 1 }),
    live: stream(),
  }
  const { paper, song, film, face, plain, live }: any = objectSchema(fields, 'read').properties
  const common = ['id', 'name', 'type', 'size', 'url']
  assert.deepEqual(paper.required, common)
  assert.deepEqual(song.required, [...common, 'processing', 'duration', 'stream'])
  assert.deepEqual(film.required, [...song.required, 'width', 'height', 'poster', 'captions'])
  assert.deepEqual(face.required, [...common, 'width', 'height', 'variants'])
  assert.deepEqual(live.required, ['id', 'state', 'since', 'stream'])
  assert.deepEqual([face.properties.variants.required, plain.properties.variants.required], [['thumb'], undefined])
})
