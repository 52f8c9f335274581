import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tapri } from 'tapri'
import { belongsTo, decimal, email, file, guarded, model, optional, pick, private as secret, text } from 'tapri/data'
import { testApp } from 'tapri/test'

const users = model({ name: text(), email: secret(email({ unique: true })) })
const offers = model({
  title: text({ min: 1 }),
  price: decimal({ precision: 8, min: '0' }),
  cost: guarded(decimal({ precision: 8, default: '0' })),
  sketch: guarded(optional(file({ accept: 'video/*', maxSize: '1mb' }))),
  seller: belongsTo('users'),
})
const { app, auth, controller, member, policy, visitor } = tapri({ models: { users, offers } })

const shop = app({
  controllers: {
    auth: auth({ signUp: pick(users, 'name', 'email') }),
    offers: controller('/offers', {
      create: member.post('/', { body: pick(offers, 'title', 'price', 'cost') }, ({ db, body, user }) =>
        db.offers.create({ ...body, seller: user.id }),
      ),
      sketch: member.post('/sketched', { body: pick(offers, 'title', 'price', 'sketch') }, ({ db, body, user }) =>
        db.offers.create({ ...body, seller: user.id }),
      ),
      above: visitor.get('/', { query: { price: decimal({ precision: 8, default: '0' }) } }, ({ db, query }) =>
        db.offers.find({ where: { price: { gte: query.price } }, orderBy: '-price' }),
      ),
      total: visitor.get('/total', async ({ db }) => ({
        price: await db.offers.sum('price'),
        cost: await db.offers.sum('cost'),
      })),
    }),
  },
  policies: [
    policy('users', { read: () => true }),
    policy('offers', {
      read: () => true,
      create: ({ user, rows }) => user !== null && rows({ seller: user.id }),
      fields: {
        cost: { read: ({ user, rows }) => user !== null && rows({ seller: user.id }) },
        sketch: { read: ({ user, rows }) => user !== null && rows({ seller: user.id }) },
      },
    }),
  ],
})

test('decimals are exact from one end to the other', async () => {
  await using opened = await testApp(shop)
  const ann = await opened.signUp('ann@club.test')
  assert.equal((await ann.offers.create({ title: 'Tea', price: '0.1' })).price, '0.10')
  await ann.offers.create({ title: 'Pot', price: '0.20' })
  await ann.offers.create({ title: 'Kite', price: 3n })
  assert.deepEqual(await opened.guest.offers.total(), { price: '3.30', cost: '0.00' })
  const found = await opened.guest.offers.above({ price: '0.2' })
  assert.deepEqual(
    found.map(({ price }) => price),
    ['3.00', '0.20'],
  )
  const wrong: any = 0.1
  await assert.rejects(ann.offers.create({ title: 'x', price: wrong }), { code: 'TAPRI_INVALID', status: 422 })
  await assert.rejects(ann.offers.create({ title: 'x', price: '0.001' }), { code: 'TAPRI_INVALID' })
  const document: any = await (await fetch(new URL('/openapi.json', opened.url))).json()
  const body = document.paths['/api/offers'].post.requestBody.content['application/json'].schema
  assert.deepEqual(body.properties.price, {
    type: 'string',
    pattern: '^-?(?:0|[1-9]\\d{0,5})(?:\\.\\d{1,2})?$',
    description: 'at least 0.00',
  })
})

test('a guarded field stays with those it is opened to, and so does a guarded file', async () => {
  await using opened = await testApp(shop)
  const [ann, bob] = [await opened.signUp('ann@club.test'), await opened.signUp('bob@club.test')]
  assert.equal((await ann.offers.create({ title: 'Tea', price: '2', cost: '1.5' })).cost, '1.50')
  const costs = async (caller: typeof ann) => (await caller.offers.above({})).map(({ cost }) => cost)
  assert.deepEqual(await costs(ann), ['1.50'])
  assert.deepEqual(await costs(bob), [null])
  assert.deepEqual(await costs(opened.guest), [null])
  assert.deepEqual(await bob.offers.total(), { price: '2.00', cost: '0.00' })

  const { sketch } = await ann.offers.sketch({ title: 'Kite', price: '3', sketch: opened.file('kites.mp4') })
  const url = new URL(sketch?.url ?? '', opened.url)
  const statusFor = async (who: string) =>
    (await fetch(url, { headers: { authorization: `Bearer ${await opened.token(who)}` } })).status
  assert.equal(await statusFor('ann@club.test'), 200)
  assert.equal(await statusFor('bob@club.test'), 404)
})
