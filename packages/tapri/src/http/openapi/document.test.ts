import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { z } from 'zod'
import {
  belongsTo,
  bool,
  content,
  date,
  decimal,
  email,
  events,
  file,
  float,
  hasMany,
  id,
  int,
  json,
  lines,
  list,
  listOf,
  manyToMany,
  nothing,
  nullable,
  oneOf,
  optional,
  page,
  partial,
  private as privately,
  row,
  rows,
  text,
  time,
  url,
} from '../../schema/index.ts'
import type { HttpContext } from '../context.ts'
import { controller, routeKit, servedRoutes } from '../kit.ts'
import { manifestOf } from '../manifest.ts'
import { rateLimit } from '../rate-limit.ts'
import { type OpenApiOptions, openApi } from './document.ts'
import type { ProblemKinds } from './problems.ts'

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
      pay: member.post('/pay', { idempotencyKey: 'required' }, () => 1),
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
  const document = documentOf(routes, { sessionCookie: 'tapri' })
  assert.deepEqual(Object.keys(document.paths), [
    '/api/videos',
    '/api/videos/{id}',
    '/api',
    '/api/pay',
    '/api/zod',
    '/api/files/{path}',
  ])
  const { get, post } = document.paths['/api/videos']
  assert.deepEqual(
    [get.operationId, get.tags, get.summary, get.security],
    ['videos.list', ['videos'], 'Lists videos.', [{}, { cookie: [] }, { bearer: [] }]],
  )
  assert.deepEqual(
    get.parameters.map((parameter: any) => [parameter.name, parameter.in, parameter.required]),
    [
      ['page', 'query', false],
      ['tag', 'query', true],
    ],
  )
  assert.deepEqual(Object.keys(post.requestBody.content), ['multipart/form-data', 'application/json'])
  assert.deepEqual(post.security, [{ cookie: [] }, { bearer: [] }])
  assert.deepEqual(document.paths['/api/videos/{id}'].get.parameters, [
    {
      name: 'id',
      in: 'path',
      required: true,
      schema: { type: 'string', format: 'uuid', description: 'The id of a row of videos' },
    },
  ])
  const [key, ...others] = document.paths['/api/pay'].post.parameters
  assert.deepEqual([key.name, key.in, key.required, others], ['Idempotency-Key', 'header', true, []])
  assert.match('"8e03978e-40d5-43dd-bc93-6894a57f9324"', new RegExp(key.schema.pattern, 'u'))
  assert.doesNotMatch('"', new RegExp(key.schema.pattern, 'u'))
  const { post: zod } = document.paths['/api/zod']
  assert.deepEqual(zod.parameters, [{ name: 'q', in: 'query', required: true, schema: { type: 'string' } }])
  assert.deepEqual(zod.requestBody.content['application/json'].schema.properties, { a: { type: 'number' } })
  assert.equal(document.components.securitySchemes.cookie.name, 'tapri')
})

test('models are schemas without their private fields', () => {
  const document: any = openApi({ title: 'VideoTube', version: '1.0.0', routes, models })
  assert.deepEqual(document.components.schemas.users.properties, {
    id: { type: 'string', format: 'uuid' },
    name: { type: 'string', maxLength: 10_000 },
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

/** A document, looked into as JSON. */
function documentOf(routes: OpenApiOptions['routes'], options: Partial<OpenApiOptions> = {}): any {
  return openApi({ title: 'VideoTube', version: '1.0.0', routes, models, ...options })
}

const { users, videos } = models
const told = servedRoutes(
  {
    told: controller('/told', {
      one: visitor.get('/one', { output: row(videos, { with: { author: row(users) } }) }, () => Object()),
      same: visitor.get('/same', { output: row(videos, { with: { author: row(users) } }) }, () => Object()),
      other: visitor.get('/other', { output: row(videos, { with: { author: nullable(row(users)) } }) }, () => Object()),
      few: visitor.get('/few', { output: rows(videos, { select: ['text'] }) }, () => Object()),
      page: visitor.get('/page', { output: page(users) }, () => Object()),
      own: visitor.get('/own', { output: nullable(row(users, { private: true })) }, () => null),
      plain: visitor.get(
        '/plain',
        { output: { views: int(), days: listOf({ day: date() }), ...partial({ note: text() }) } },
        () => Object(),
      ),
      zod: visitor.get('/zod', { output: z.object({ a: z.number() }) }, () => ({ a: 1 })),
      text: visitor.get('/text', { output: content('text/html') }, () => ''),
      file: visitor.get('/file', { output: content('image/png') }, () => ''),
      events: visitor.get('/events', { output: events(row(users)) }, () => Object()),
      lines: visitor.get('/lines', { output: lines({ at: time() }) }, () => Object()),
      made: member.post('/', { status: 201, output: row(users) }, () => Object()),
      gone: member.delete('/', { output: nothing, deprecated: true, description: 'More *words*.' }, () => {}),
      more: visitor.get('/more', { etag: false }, () => 1),
    }),
  },
  '',
)

function answered(document: any, name: string): any {
  const operations = Object.values<any>(document.paths).flatMap((methods) => Object.values<any>(methods))
  const { responses } = operations.find(({ operationId }) => operationId === `told.${name}`)
  return responses
}

test('what a route says it answers is told, each shape of rows once', async () => {
  const document = documentOf(told)
  assert.deepEqual(await new Validator().validate(structuredClone(document)), { valid: true })
  const schemaOf = (name: string, type = 'application/json') => answered(document, name)[200].content[type].schema
  assert.deepEqual(schemaOf('one'), { $ref: '#/components/schemas/videosWithAuthor' })
  assert.deepEqual(schemaOf('same'), schemaOf('one'))
  assert.deepEqual(schemaOf('other'), { $ref: '#/components/schemas/videosWithAuthor2' })
  assert.deepEqual(schemaOf('few'), { type: 'array', items: { $ref: '#/components/schemas/videosOnlyText' } })
  assert.deepEqual(schemaOf('page'), { $ref: '#/components/schemas/usersPage' })
  assert.deepEqual(schemaOf('own'), { anyOf: [{ $ref: '#/components/schemas/usersOwn' }, { type: 'null' }] })
  assert.deepEqual(schemaOf('plain').required, ['views', 'days'])
  assert.deepEqual(schemaOf('zod').properties, { a: { type: 'number' } })
  assert.deepEqual(schemaOf('text', 'text/html'), { type: 'string' })
  assert.deepEqual(schemaOf('file', 'image/png'), { type: 'string', format: 'binary' })

  const { schemas } = document.components
  assert.deepEqual(schemas.videosWithAuthor.properties.author, { $ref: '#/components/schemas/users' })
  assert.deepEqual(schemas.videos.properties.author.format, 'uuid')
  assert.deepEqual(schemas.videosOnlyText.required, ['id', 'text'])
  assert.deepEqual(schemas.usersPage.properties.rows.items, { $ref: '#/components/schemas/users' })
  assert.ok('email' in schemas.usersOwn.properties && !('email' in schemas.users.properties))
})

test('streams are told with what their items are, and only whole answers of GETs are live and have a tag', () => {
  const document = documentOf(told)
  const items = (name: string, type: string) => answered(document, name)[200].content[type]['x-tapri-items']
  assert.deepEqual(items('events', 'text/event-stream'), { $ref: '#/components/schemas/users' })
  assert.deepEqual(items('lines', 'application/jsonl').properties, { at: { type: 'string', format: 'date-time' } })
  const live = Object.keys(document.paths).filter((path) => document.paths[path].get?.['x-tapri-live'] === true)
  const tagged = Object.keys(document.paths).filter((path) => document.paths[path].get?.responses[304] !== undefined)
  const streamed = ['text', 'file', 'events', 'lines'].map((name) => `/told/${name}`)
  assert.deepEqual(
    live.filter((path) => streamed.includes(path)),
    [],
  )
  assert.ok(live.includes('/told/one') && live.includes('/told/more') && tagged.includes('/told/one'))
  assert.ok(!tagged.includes('/told/more') && !tagged.includes('/told/text'))
})

test('status, an empty answer, deprecation and longer words are told', () => {
  const document = documentOf(told)
  const { post, delete: gone } = document.paths['/told']
  assert.deepEqual(
    Object.keys(post.responses).filter((status) => status.startsWith('2')),
    ['201'],
  )
  assert.deepEqual(gone.responses[204], { description: 'It is done' })
  assert.deepEqual([gone.deprecated, gone.description], [true, 'More *words*.'])
})

const signIn = { SIGN_IN: { status: 401, detail: 'Cannot answer a visitor: sign in' } }

test('a route is told with what can be refused on it, and those alike refer to one answer', () => {
  const calm = visitor.use(rateLimit({ requests: 2, per: '1m' }))
  const refusing = servedRoutes(
    {
      kites: controller('/kites', {
        list: visitor.get('/', () => []),
        make: calm.post('/', { body: { name: text() }, errors: { KITES_ALOFT: 409, KITES_LOST: 410 } }, () => 1),
        fly: calm.put('/', { body: { name: text() }, errors: { KITES_LOST: 410, KITES_ALOFT: 409 } }, () => 1),
        photo: visitor.post('/photo', { body: { photo: file({ accept: 'image/*', maxSize: '1mb' }) } }, () => 1),
        see: member.get('/:id', { params: { id: id('kites') } }, () => 1),
      }),
    },
    '',
  )
  const document = documentOf(refusing, {
    refusals: ({ access }): ProblemKinds => (access === 'member' ? signIn : {}),
  })
  const statuses = (method: string, path: string) => Object.keys(document.paths[path][method].responses).join(' ')
  assert.equal(statuses('get', '/kites'), '200 304 default')
  assert.equal(statuses('post', '/kites'), '200 400 403 409 410 413 415 422 429 default')
  assert.equal(statuses('post', '/kites/photo'), '200 400 403 409 413 415 422 default')
  assert.equal(statuses('get', '/kites/{id}'), '200 304 401 422 default')

  const { post, put } = document.paths['/kites']
  for (const status of [400, 409, 410, 422, 429]) assert.deepEqual(post.responses[status], put.responses[status])
  const { responses, examples } = document.components
  const conflict = responses[post.responses[409].$ref.split('/').at(-1)]
  const told = conflict.content['application/problem+json'].examples
  assert.deepEqual(Object.keys(told).sort(), ['KITES_ALOFT', 'TAPRI_HTTP_KEY_BUSY', 'TAPRI_HTTP_KEY_DONE'])
  assert.deepEqual(told.KITES_ALOFT, { $ref: '#/components/examples/KITES_ALOFT' })
  assert.deepEqual([examples.KITES_ALOFT.value.status, examples.SIGN_IN.value.code], [409, 'SIGN_IN'])
  assert.deepEqual(Object.keys(responses[post.responses[429].$ref.split('/').at(-1)].headers), ['Retry-After'])
  assert.deepEqual(post.responses[200].headers, { 'RateLimit-Policy': { $ref: '#/components/headers/RateLimit-Policy' } })
})

test('bodies say which media types they may have, and forms which their files', () => {
  const { paths } = documentOf(routes)
  const { 'multipart/form-data': form } = paths['/api/videos'].post.requestBody.content
  assert.deepEqual(form.encoding, { source: { contentType: 'video/*' } })
  const { content: types } = paths['/api/videos/{id}'].patch.requestBody
  assert.deepEqual(Object.keys(types), ['application/json', 'application/x-www-form-urlencoded'])
  assert.deepEqual(types['application/json'].schema.properties.maybe.type, ['string', 'null'])
  assert.deepEqual(types['application/x-www-form-urlencoded'].schema.properties.maybe.type, 'string')
})

test('an example of a body is told where the body is', () => {
  const examples = servedRoutes(
    {
      kites: controller('/kites', {
        make: visitor.post('/', { body: { name: text() }, example: { name: 'Delta' } }, () => 1),
        photo: visitor.put('/', { body: { name: text(), photo: models.videos.source }, example: { name: 'Delta' } }, () => 1),
      }),
    },
    '',
  )
  const { post, put } = documentOf(examples).paths['/kites']
  assert.deepEqual(post.requestBody.content['application/json'].example, { name: 'Delta' })
  assert.deepEqual(put.requestBody.content['multipart/form-data'].example, { name: 'Delta' })
})

test('an API without users asks for no credentials, and says where it is when it is told so', () => {
  const { paths, components, servers, info } = documentOf(routes, { server: 'https://tube.example', description: 'Films.' })
  assert.deepEqual([paths['/api/videos'].post.security, components.securitySchemes], [undefined, undefined])
  assert.deepEqual([servers, info.description], [[{ url: 'https://tube.example' }], 'Films.'])
})

test('names that the document has for itself do not hide a model of the same name', () => {
  const { schemas } = documentOf([], {
    models: { Problem: { name: text() }, StoredFile: { photo: models.videos.source } },
  }).components
  assert.deepEqual(Object.keys(schemas), ['Problem', 'StoredFile', 'Problem2', 'StoredFile2'])
  assert.deepEqual(schemas.StoredFile2.properties.photo, { $ref: '#/components/schemas/StoredFile' })
})

test('a model has decimals and lists as JSON has them, and relations only where they are loaded', () => {
  const shop = { goods: { price: decimal({ scale: 2 }), tags: list(text({ max: 9 })), makers: manyToMany('users') } }
  assert.deepEqual(documentOf([], { models: shop }).components.schemas.goods.properties, {
    id: { type: 'string', format: 'uuid' },
    price: { type: 'string', pattern: '^-?(?:0|[1-9]\\d{0,12})\\.\\d{2}$' },
    tags: { type: 'array', items: { type: 'string', maxLength: 9 }, maxItems: 1000 },
  })
})

test('the same declarations give the same document, in their own order', () => {
  assert.equal(JSON.stringify(documentOf(routes)), JSON.stringify(documentOf(routes)))
  const reversed = documentOf(routes.toReversed())
  assert.deepEqual(Object.keys(reversed.paths).at(0), '/api/files/{path}')
  assert.deepEqual(reversed.components.schemas, documentOf(routes).components.schemas)
})
