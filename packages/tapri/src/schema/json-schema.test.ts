import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bool, decimal, file, guarded, hasMany, int, optional, text, time } from './fields.ts'
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
        note: { type: ['string', 'null'], minLength: 0, maxLength: 5 },
        at: { type: 'string', format: 'date-time' },
        source: { type: 'string', format: 'binary' },
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
    additionalProperties: false,
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
