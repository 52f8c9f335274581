import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import { arrivals, openStall, routes, settle } from './stall.fixture.ts'

const titles = (rows: readonly { title: string }[]) => rows.map(({ title }) => title)
const describe = ({ code, status }: any) => ({ code, status })

test('a subscription gives the current answer, then every change of it', async (t) => {
  const stall = await openStall(t)
  const { user: ann } = await stall.member('Ann')
  const video = await stall.db.videos.create({ title: 'Kites', published: true, author: ann.id })
  const api = stall.open()
  const seen: string[][] = []
  api.videos.list.live({}, (rows: any) => seen.push(rows.map((row: any) => `${row.author.name}: ${row.title}`)))
  await settle(stall, api)
  await stall.db.videos.create({ title: 'Drums', published: true, author: ann.id })
  await settle(stall, api)
  await stall.db.users.update(ann.id, { name: 'Anna' })
  await settle(stall, api)
  await stall.db.videos.delete(video.id)
  await settle(stall, api)
  assert.deepEqual(seen, [['Ann: Kites'], ['Ann: Drums', 'Ann: Kites'], ['Anna: Drums', 'Anna: Kites'], ['Anna: Drums']])
})

test('a write right after `live` is seen, also before the socket is open', async (t) => {
  const stall = await openStall(t)
  const { user: ann } = await stall.member('Ann')
  const api = stall.open()
  const seen: string[][] = []
  const stop = api.videos.list.live({}, (rows: any) => seen.push(titles(rows)))
  await stall.db.videos.create({ title: 'Kites', published: true, author: ann.id })
  await settle(stall, api)
  stop()
  await stall.db.videos.create({ title: 'Drums', published: true, author: ann.id })
  await settle(stall, api)
  assert.deepEqual(seen.at(-1), ['Kites'])
})

test('a row that no longer matches leaves, by its own change and by the policy', async (t) => {
  const stall = await openStall(t, { ...routes, 'videos.liked': ({ db }) => db.videos.find({ where: { likes: { gte: 2 } } }) })
  const ann = await stall.member('Ann')
  const video = await stall.db.videos.create({ title: 'Kites', published: true, likes: 2, author: ann.user.id })
  const [guest, owner] = [stall.open(), stall.open({ token: ann.token })]
  const liked: string[][] = []
  const listed: string[][] = []
  const owned: string[][] = []
  guest.videos.liked.live({}, (rows: any) => liked.push(titles(rows)))
  guest.videos.list.live({}, (rows: any) => listed.push(titles(rows)))
  owner.videos.list.live({}, (rows: any) => owned.push(titles(rows)))
  await settle(stall, guest, owner)
  await stall.db.videos.update(video.id, { likes: 1 })
  await settle(stall, guest, owner)
  await stall.db.videos.update(video.id, { published: false })
  await settle(stall, guest, owner)
  assert.deepEqual(liked, [['Kites'], []])
  assert.deepEqual(listed.at(-1), [])
  assert.deepEqual(owned.at(-1), ['Kites'])
})

test('what a user may read follows the row of the user', async (t) => {
  const stall = await openStall(t)
  const ann = await stall.member('Ann')
  const bob = await stall.member('Bob')
  await stall.db.videos.create({ title: 'Draft', author: ann.user.id })
  const api = stall.open({ token: bob.token })
  const seen: string[][] = []
  api.videos.list.live({}, (rows: any) => seen.push(titles(rows)))
  await settle(stall, api)
  await stall.db.users.update(bob.user.id, { admin: true })
  await settle(stall, api)
  await stall.db.users.update(bob.user.id, { admin: false })
  await settle(stall, api)
  assert.deepEqual(seen, [[], ['Draft'], []])
})

test('an answer that depends on the user alone is live too', async (t) => {
  const stall = await openStall(t)
  const ann = await stall.member('Ann')
  const api = stall.open({ token: ann.token })
  const seen: unknown[] = []
  api.users.me.live({}, (user: any) => seen.push(user?.name))
  await settle(stall, api)
  await stall.db.users.update(ann.user.id, { name: 'Anna' })
  await settle(stall, api)
  assert.deepEqual(seen, ['Ann', 'Anna'])
})

test('nothing is sent when a change leaves the answer as it was', async (t) => {
  const stall = await openStall(t, { 'videos.titles': async ({ db }) => titles(await db.videos.find()) })
  const { user: ann } = await stall.member('Ann')
  const video = await stall.db.videos.create({ title: 'Kites', published: true, author: ann.id })
  const api = stall.open()
  const seen: unknown[] = []
  api.videos.titles.live({}, (value: any) => seen.push(value))
  await settle(stall, api)
  await stall.db.videos.update(video.id, { likes: 7 })
  await settle(stall, api)
  assert.equal(stall.runs.length, 2)
  assert.deepEqual(seen, [['Kites']])
})

test('a change to other rows does not run the handler again', async (t) => {
  const stall = await openStall(t)
  const { user: ann } = await stall.member('Ann')
  const [one, other] = [
    await stall.db.videos.create({ title: 'One', published: true, author: ann.id }),
    await stall.db.videos.create({ title: 'Other', published: true, author: ann.id }),
  ]
  const api = stall.open()
  api.videos.get.live({ id: one.id }, () => {})
  await settle(stall, api)
  await stall.db.videos.update(other.id, { likes: 1 })
  await settle(stall, api)
  assert.equal(stall.runs.length, 1)
})

test('when the row is no longer readable the subscription ends with the error of the route', async (t) => {
  const stall = await openStall(t)
  const { user: ann } = await stall.member('Ann')
  const video = await stall.db.videos.create({ title: 'Kites', published: true, author: ann.id })
  const api = stall.open()
  const errors = arrivals<unknown>()
  const seen: unknown[] = []
  const options = { onError: (error: Error) => errors.add(describe(error)) }
  api.videos.get.live({ id: video.id }, (row: any) => seen.push(row.title), options)
  await settle(stall, api)
  await stall.db.videos.update(video.id, { published: false })
  await settle(stall, api)
  assert.deepEqual([seen, errors.seen], [['Kites'], [{ code: 'TAPRI_NOT_FOUND', status: 404 }]])
  assert.equal(stall.live.subscriptions, 0)
})

test('identical subscriptions share a run: those of visitors, and those of users whose rules open the same', async (t) => {
  const stall = await openStall(t)
  const ann = await stall.member('Ann')
  const [bob, eve] = [await stall.member('Bob', { admin: true }), await stall.member('Eve', { admin: true })]
  const tokens = [ann.token, ann.token, bob.token, eve.token]
  const clients = [stall.open(), stall.open(), ...tokens.map((token) => stall.open({ token }))]
  const seen: number[] = []
  for (const api of clients) {
    api.videos.list.live({ a: 1, b: 2 }, () => seen.push(1))
    api.videos.list.live({ b: 2, a: 1 }, () => seen.push(1))
    await settle(stall, api)
  }
  assert.equal(stall.runs.length, 3)
  assert.equal(stall.live.subscriptions, 12)
  await stall.db.videos.create({ title: 'Kites', published: true, author: ann.user.id })
  await settle(stall, ...clients)
  assert.equal(stall.runs.length, 6)
  assert.equal(seen.length, 24)
})

test('an answer made from the request of a socket is for that socket alone', async (t) => {
  const stall = await openStall(t, {
    'cart.get': async ({ db, request }) => ({ cart: request.headers['x-cart'], videos: await db.videos.count() }),
  })
  const { user: ann } = await stall.member('Ann')
  const withCart = (cart: string): any =>
    class extends WebSocket {
      constructor(url: string, protocol: string) {
        super(url, protocol, { headers: { 'x-cart': cart } })
      }
    }
  const clients = ['red', 'blue', 'green'].map((cart) => stall.open({ WebSocket: withCart(cart) }))
  const seen: string[][] = [[], [], []]
  for (const [index, api] of clients.entries()) {
    api.cart.get.live({}, (value: any) => seen[index]?.push(`${value.cart} ${value.videos}`))
  }
  await settle(stall, ...clients)
  await stall.db.videos.create({ title: 'Kites', published: true, author: ann.id })
  await settle(stall, ...clients)
  assert.deepEqual(seen, [
    ['red 0', 'red 1'],
    ['blue 0', 'blue 1'],
    ['green 0', 'green 1'],
  ])
})
