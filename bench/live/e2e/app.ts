import { AsyncLocalStorage } from 'node:async_hooks'
import { tapri } from 'tapri'
import { belongsTo, bool, email, id, int, model, partial, pick, text } from 'tapri/data'

const users = model({ email: email({ unique: true }), circle: text(), writes: bool({ default: false }) })
const offers = model(
  { room: text(), kind: text(), price: int(), title: text(), open: bool(), circle: text(), mark: int() },
  { index: [['room', 'mark'], ['room', 'kind'], ['price']] },
)
const alerts = model({ owner: belongsTo('users'), kind: text(), mark: int() }, { index: [['owner', 'kind', 'mark']] })
const shown = 10

const { app, controller, member, policy, visitor } = tapri({ models: { users, offers, alerts } })

/** The mark of the write that a commit is made for. */
export const marks = new AsyncLocalStorage<number>()

const offer = pick(offers, 'room', 'kind', 'price', 'title', 'open', 'circle', 'mark')
const one = { params: { id: id('offers') } }

const offerController = controller('/offers', {
  newest: visitor.get('/newest/:room', { params: { room: text() } }, ({ db, params }) =>
    db.offers.find({ where: { room: params.room }, orderBy: '-mark', limit: shown }),
  ),
  either: visitor.get('/either', { query: { room: text(), other: text() } }, ({ db, query }) =>
    db.offers.find({ where: { room: { in: [query.room, query.other] } }, orderBy: '-mark', limit: 2 * shown }),
  ),
  ofKind: visitor.get('/kinds/:room/:kind', { params: { room: text(), kind: text() } }, ({ db, params }) =>
    db.offers.find({ where: { room: params.room, kind: params.kind }, orderBy: 'price' }),
  ),
  priced: visitor.get('/priced', { query: { from: int(), to: int() } }, ({ db, query }) =>
    db.offers.find({ where: { price: { gte: query.from, lt: query.to } }, orderBy: 'price' }),
  ),
  one: visitor.get('/one/:id', one, ({ db, params }) => db.offers.first({ where: { id: params.id } })),
  count: visitor.get('/count/:room', { params: { room: text() } }, ({ db, params }) =>
    db.offers.count({ where: { room: params.room } }),
  ),
  create: member.post('/', { body: offer }, ({ db, body }) => marks.run(body.mark, () => db.offers.create(body))),
  update: member.patch('/:id', { ...one, body: partial(offer) }, ({ db, params, body }) =>
    marks.run(body.mark ?? 0, () => db.offers.update(params.id, body)),
  ),
  remove: member.delete('/:id', one, ({ db, params }) => db.offers.delete(params.id)),
})

const alertController = controller('/alerts', {
  mine: member.get('/mine', { query: { kind: text() } }, ({ db, query, user }) =>
    db.alerts.find({ where: { kind: query.kind, owner: user.id }, orderBy: '-mark', limit: shown }),
  ),
  create: member.post('/', { body: pick(alerts, 'owner', 'kind', 'mark') }, ({ db, body }) =>
    marks.run(body.mark, () => db.alerts.create(body)),
  ),
})

/** Who reads: everybody what is open, members what is of their circle or their own, and whoever writes everything. */
export const { description } = app({
  controllers: { offers: offerController, alerts: alertController },
  policies: [
    policy('users', { read: ({ rows, user }) => user !== null && (user.writes || rows({ id: user.id })) }),
    policy('offers', {
      read: ({ rows, user }) =>
        user === null ? rows({ open: true }) : user.writes || rows({ open: true }, { circle: user.circle }),
      create: ({ user }) => user?.writes === true,
      update: ({ user }) => user?.writes === true,
      delete: ({ user }) => user?.writes === true,
    }),
    policy('alerts', {
      read: ({ rows, user }) => user !== null && (user.writes || rows({ owner: user.id })),
      create: ({ user }) => user?.writes === true,
    }),
  ],
  http: { hosts: ['127.0.0.1'], limits: { sockets: 100_000 } },
})
