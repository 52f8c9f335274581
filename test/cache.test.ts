import assert from 'node:assert/strict'
import { test } from 'node:test'
import { responseCache, service, startApp, tapri } from 'tapri'
import { openCache } from 'tapri/cache'
import { model, text } from 'tapri/data'
import { testApp } from 'tapri/test'
import { redisUrl, withoutRedis } from '../packages/tapri/src/kit/redis.fixture.ts'
import { silentLog } from '../packages/tapri/src/observe/index.ts'

const models = { users: model({ name: text(), email: text() }), kites: model({ name: text() }) }
const shop = service('shop', ({ db, cache }) => ({ count: () => cache.wrap('served', { ttl: '1h' }, () => db.kites.count()) }), {
  models: { kites: models.kites },
})
const { app, controller, policy, visitor } = tapri({ models, services: [shop] })
let made = 0

const kites = controller('/kites', {
  list: visitor
    .use(responseCache({ ttl: '1h', tags: ['kites'] }))
    .get('/', async ({ db }) => ({ made: ++made, names: (await db.kites.find()).map(({ name }) => name) })),
  one: visitor
    .use(responseCache({ ttl: '1h', tags: ({ params }) => [`kites:${params.id}`] }))
    .get('/:id', async ({ db, params }) => ({ made: ++made, kite: await db.kites.first({ where: { name: params.id } }) })),
  counted: visitor.get('/counted/all', ({ cache, db }) =>
    cache.wrap('count', { ttl: '1h', tags: ['kites'] }, async () => ({ count: await db.kites.count(), at: new Date(0) })),
  ),
  served: visitor.get('/served/all', ({ services }) => services.shop.count()),
  create: visitor.post('/', { body: { name: text() } }, ({ db, body }) => db.kites.create(body)),
})
const club = app({
  controllers: { kites },
  policies: [policy('kites', { read: () => true, create: () => true }), policy('users', {})],
})

test('changes to a model invalidate what was kept with its name, before the write is answered', async () => {
  await using tried = await testApp(club)
  const names = async () => (await (await fetch(`${tried.url}/kites`)).json()).names
  assert.deepEqual(await names(), [])
  await tried.guest.kites.create({ name: 'red' })
  assert.deepEqual(await names(), ['red'])
  const before = made
  await names()
  assert.equal(made, before)
  await tried.db.users.create({ name: 'Ann', email: 'ann@club.test' })
  await names()
  assert.equal(made, before, 'another model is another matter')
})

test('changes to a row invalidate what was kept with that row', async () => {
  await using tried = await testApp(club)
  const red = await tried.db.kites.create({ name: 'red' })
  const blue = await tried.db.kites.create({ name: 'blue' })
  const ask = async (id: string) => (await (await fetch(`${tried.url}/kites/${id}`)).json()).made
  const [ofRed, ofBlue] = [await ask(red.id), await ask(blue.id)]
  await tried.db.kites.update(red.id, { name: 'green' })
  assert.equal(await ask(blue.id), ofBlue)
  assert.notEqual(await ask(red.id), ofRed)
  const many = Array.from({ length: 300 }, (_, number) => ({ name: `kite ${number}` }))
  await tried.db.kites.createMany(many)
  assert.notEqual(await ask(blue.id), ofBlue, 'many rows at once are all rows')
})

test('`cache` in the context keeps what is dear to make, and a live query sees every change all the same', async () => {
  await using tried = await testApp(club)
  await tried.db.kites.create({ name: 'red' })
  assert.deepEqual(await tried.guest.kites.counted(), { count: 1, at: new Date(0) })
  const seen: number[] = []
  const stop = tried.guest.kites.counted.live({}, ({ count }: { count: number }) => seen.push(count))
  await tried.settled()
  await tried.guest.kites.create({ name: 'blue' })
  assert.deepEqual(seen, [1, 2])
  stop()
})

test('a live query sees every change through the cache of a service too, whatever a call has left there', async () => {
  await using tried = await testApp(club)
  const counted = () => tried.guest.kites.served()
  assert.equal(await counted(), 0)
  const seen: number[] = []
  const stop = tried.guest.kites.served.live({}, (count: number) => seen.push(count))
  await tried.settled()
  await tried.guest.kites.create({ name: 'blue' })
  assert.deepEqual(seen, [0, 1])
  assert.equal(await counted(), 0, 'calls go on to take what is kept')
  stop()
})

test('processes on one Redis share their cache, and a change in one is seen by the other', { skip: withoutRedis }, async (t) => {
  const url = redisUrl()
  const settings = { CACHE_URL: url }
  await using one = await testApp(club, { settings })
  await using other = await testApp(club, { settings })
  const cache = await openCache(url)
  t.after(async () => {
    await cache.clear()
    await cache.close()
  })
  assert.equal((await one.guest.kites.counted()).count, 0)
  await other.db.kites.create({ name: 'red' })
  assert.equal((await other.guest.kites.counted()).count, 1, 'a database of its own')
  assert.equal((await one.guest.kites.counted()).count, 1, 'what the other has kept')
})

test('an app whose Redis is away starts and answers; one whose URL is wrong does not start', async (t) => {
  const environment = { NODE_ENV: 'test', DATABASE_URL: 'sqlite::memory:', FILES_URL: 'disk:/tmp' }
  const begin = (CACHE_URL: string) =>
    startApp(club.description, { port: 0, file: null, log: silentLog, environment: { ...environment, CACHE_URL } })
  const started = await begin('redis://127.0.0.1:1/0')
  t.after(() => started.stop())
  for (let index = 0; index < 3; index++) {
    const answer = await fetch(`${started.apiUrl}/kites`)
    assert.equal(answer.status, 200)
    assert.equal(answer.headers.get('cache-status'), 'Tapri; fwd=miss; detail="the store is away"')
    assert.equal((await (await fetch(`${started.apiUrl}/kites/counted/all`)).json()).count, 0)
  }
  await assert.rejects(begin('redis://127.0.0.1/many'), { code: 'TAPRI_REDIS_URL' })
  await assert.rejects(begin('disk:cache'), { code: 'TAPRI_CACHE_URL' })
})
