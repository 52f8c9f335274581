import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { z } from 'zod'
import {
  belongsTo,
  bool,
  date,
  email,
  file,
  float,
  hasMany,
  id,
  int,
  json,
  list,
  oneOf,
  optional,
  private as privately,
  text,
  time,
  url,
} from '../schema/index.ts'
import type { HttpContext } from './context.ts'
import { controller, routeKit, servedRoutes } from './kit.ts'
import { manifestOf } from './manifest.ts'
import { openApi } from './openapi.ts'

const visitor = routeKit<HttpContext>('visitor')
const member = routeKit<HttpContext>('member')
const every = {
  text: text({ min: 1, match: /^a/ }),
  int: int({ min: 1, default: 1 }),
  float: float(),
  bool: bool({ default: false }),
  time: time(),
  date: date(),
  email: email(),
  url: url(),
  oneOf: oneOf(['draft', 'public']),
  json: json(),
  list: list(text(), { max: 3 }),
  maybe: optional(text()),
  kind: optional(oneOf(['a'])),
}
const models = {
  users: { name: text(), email: privately(email()), videos: hasMany('videos', 'author') },
  videos: { ...every, author: belongsTo('users'), source: file({ accept: 'video/*', maxSize: '1gb' }) },
}
const routes = servedRoutes(
  {
    videos: controller('/videos', {
      list: visitor.get('/', { query: { page: int({ default: 1 }), tag: list(text()) }, summary: 'Lists videos.' }, () => []),
      create: member.post('/', { body: { title: text(), source: file({ accept: 'video/*', maxSize: '1gb' }) } }, () => 1),
      one: visitor.get('/:id', { params: { id: id('videos') } }, () => 1),
      update: member.patch('/:id', { params: { id: id('videos') }, body: every }, () => 1),
      remove: member.delete('/:id', () => 1),
    }),
    pages: controller('/', {
      home: visitor.get('/', () => 1),
      zod: visitor.post('/zod', { query: z.object({ q: z.string() }), body: z.object({ a: z.number().optional() }) }, () => 1),
      rest: visitor.get('/files/*path', () => 1),
    }),
  },
  '/api',
)

test('the OpenAPI document of all kinds of routes and fields is valid', async () => {
  const document = openApi({ title: 'VideoTube', version: '1.0.0', routes, models })
  const outcome = await new Validator().validate(structuredClone(document))
  assert.deepEqual(outcome.errors ?? [], [])
  assert.equal(outcome.valid, true)
})

test('routes are operations by name, with their inputs, and with security where not everybody may call', () => {
  const document: any = openApi({ title: 'VideoTube', version: '1.0.0', routes, models, sessionCookie: 'tapri' })
  assert.deepEqual(Object.keys(document.paths), ['/api/videos', '/api/videos/{id}', '/api', '/api/zod', '/api/files/{path}'])
  const { get, post } = document.paths['/api/videos']
  assert.deepEqual(
    [get.operationId, get.tags, get.summary, get.security],
    ['videos.list', ['videos'], 'Lists videos.', undefined],
  )
  assert.deepEqual(
    get.parameters.map((parameter: any) => [parameter.name, parameter.in, parameter.required]),
    [
      ['page', 'query', false],
      ['tag', 'query', true],
    ],
  )
  assert.deepEqual(Object.keys(post.requestBody.content), ['multipart/form-data'])
  assert.deepEqual(post.security, [{ cookie: [] }, { bearer: [] }])
  assert.deepEqual(document.paths['/api/videos/{id}'].get.parameters, [
    { name: 'id', in: 'path', required: true, schema: { type: 'string', format: 'uuid' } },
  ])
  const { post: zod } = document.paths['/api/zod']
  assert.deepEqual(zod.parameters, [{ name: 'q', in: 'query', required: true, schema: { type: 'string' } }])
  assert.deepEqual(zod.requestBody.content['application/json'].schema.properties, { a: { type: 'number' } })
  assert.equal(document.components.securitySchemes.cookie.name, 'tapri')
})

test('models are schemas without their private fields', () => {
  const document: any = openApi({ title: 'VideoTube', version: '1.0.0', routes, models })
  assert.deepEqual(document.components.schemas.users.properties, {
    id: { type: 'string', format: 'uuid' },
    name: { type: 'string', minLength: 0, maxLength: 10_000 },
  })
  assert.deepEqual(document.components.schemas.users.required, ['id', 'name'])
})

test('the manifest tells the typed client how each route is called', () => {
  const manifest = manifestOf(routes)
  assert.deepEqual(manifest['videos.list'], { method: 'GET', path: '/api/videos', query: ['page', 'tag'], body: 'none' })
  assert.deepEqual(manifest['videos.create'], { method: 'POST', path: '/api/videos', query: [], body: 'form' })
  assert.deepEqual(manifest['videos.update'], { method: 'PATCH', path: '/api/videos/:id', query: [], body: 'json' })
  assert.deepEqual(manifest['pages.zod'], { method: 'POST', path: '/api/zod', query: '*', body: 'json' })
  assert.deepEqual(manifest['pages.home'], { method: 'GET', path: '/api', query: [], body: 'none' })
  assert.deepEqual(JSON.parse(JSON.stringify(manifest)), manifest)
})
