/** One controller, and one model, for every ten routes. */
const routesPerController = 10
const models = 20

/**
 * The files of an app of ordinary mixed routes: relations, picked bodies, queries, loaded relations,
 * a transaction, and a typed client that calls some of them. The models are the same whatever the number of routes.
 */
export function generateApp(routes: number): ReadonlyMap<string, string> {
  const controllers = Array.from({ length: routes / routesPerController }, (_, index) => index)
  const things = Array.from({ length: models }, (_, index) => index)
  return new Map([
    ['models/user.ts', userModel],
    ...things.map((index): [string, string] => [`models/thing${index}.ts`, thingModel(index)]),
    ['tapri.ts', kit(things)],
    ['policies.ts', policies(things)],
    ...controllers.map((index): [string, string] => [`controllers/thing${index}.ts`, controller(index)]),
    ['app.ts', app(controllers)],
    ['client.ts', caller(controllers)],
  ])
}

const userModel = `import { email, hasMany, model, private as hidden, text } from 'tapri/data'

export const users = model({
  name: text({ min: 1, max: 80 }),
  email: hidden(email({ unique: true })),
  first: hasMany('thing0', 'author'),
})
`

const thingModel = (
  index: number,
) => `import { belongsTo, bool, file, hasMany, int, list, model, optional, text, time } from 'tapri/data'

export const thing${index} = model({
  title: text({ min: 1, max: 120 }),
  note${index}: optional(text()),
  tags: list(text({ max: 20 })),
  views: int({ default: 0 }),
  published: bool({ default: false }),
  at: time({ default: 'now' }),
  cover: optional(file({ accept: 'image/*', maxSize: '5mb' })),
  author: belongsTo('users', { onDelete: 'cascade' }),
  parent: optional(belongsTo('thing${(index + 1) % models}')),
  children: hasMany('thing${(index + models - 1) % models}', 'parent'),
})
`

const kit = (things: readonly number[]) => `import { tapri } from 'tapri'
import { text } from 'tapri/data'
${things.map((index) => `import { thing${index} } from './models/thing${index}.ts'`).join('\n')}
import { users } from './models/user.ts'

const kit = tapri({
  models: { users, ${things.map((index) => `thing${index}`).join(', ')} },
  settings: { SITE_NAME: text({ default: 'Things' }) },
})
export const { app, auth, controller, policy } = kit

const timed = kit.middleware<{ startedAt: number }>(async ({ log }, next) => {
  const startedAt = performance.now()
  await next({ startedAt })
  log.info('Handled', { ms: performance.now() - startedAt })
})
export const visitor = kit.visitor.use(timed)
export const member = kit.member.use(timed)
`

const policies = (things: readonly number[]) => `import { policy } from './tapri.ts'

export const policies = [
  policy('users', { read: () => true }),
${things
  .map(
    (index) => `  policy('thing${index}', {
    read: ({ user, rows }) => (user === null ? rows({ published: true }) : rows({ published: true }, { author: user.id })),
    create: ({ user, rows }) => user !== null && rows({ author: user.id }),
    update: ({ user, rows }) => user !== null && rows({ author: user.id }),
  }),`,
  )
  .join('\n')}
]
`

const controller = (index: number) => `import { id, int, optional, pick, text } from 'tapri/data'
import { thing${index} } from '../models/thing${index}.ts'
import { controller, member, visitor } from '../tapri.ts'

const one = { params: { id: id('thing${index}') } }

export const thing${index}Controller = controller('/thing${index}', {
  list: visitor.get('/', { query: { page: int({ min: 1, default: 1 }), q: optional(text()) } }, ({ db, query }) =>
    db.thing${index}.find({ where: { published: true, title: { contains: query.q ?? '' } }, with: { author: true }, orderBy: '-at', page: query.page }),
  ),
  feed: visitor.get('/feed', { query: { after: optional(text()) } }, ({ db, query }) =>
    db.thing${index}.page({ orderBy: '-id', limit: 20, ...(query.after !== null && { after: query.after }) }),
  ),
  one: visitor.get('/:id', one, ({ db, params }) => db.thing${index}.get(params.id, { with: { author: true, children: true } })),
  create: member.post('/', { body: pick(thing${index}, 'title', 'tags', 'cover') }, ({ db, body, user }) =>
    db.thing${index}.create({ ...body, author: user.id }),
  ),
  change: member.patch('/:id', { ...one, body: pick(thing${index}, 'title', 'note${index}') }, ({ db, params, body }) =>
    db.thing${index}.update(params.id, body),
  ),
  remove: member.delete('/:id', one, async ({ db, params }) => {
    await db.thing${index}.delete(params.id)
  }),
  mine: member.get('/mine', ({ db, user }) => db.thing${index}.find({ where: { author: user.id }, with: { parent: true }, limit: 50 })),
  siblings: visitor.get('/:id/siblings', one, ({ db, params }) =>
    db.thing${index}.find({ where: { parent: { published: true }, not: { id: params.id } }, orderBy: ['-views', 'title'] }),
  ),
  summary: visitor.get('/summary', async ({ db, settings }) => ({
    site: settings.SITE_NAME,
    all: await db.thing${index}.count(),
    open: await db.thing${index}.count({ where: { published: true } }),
  })),
  publish: member.post('/:id/publish', one, ({ db, params }) =>
    db.transaction(async (inside) => {
      const { title } = await inside.thing${index}.update(params.id, { published: true })
      return { title, at: new Date() }
    }),
  ),
})
`

const app = (controllers: readonly number[]) => `import { pick } from 'tapri/data'
${controllers.map((index) => `import { thing${index}Controller } from './controllers/thing${index}.ts'`).join('\n')}
import { users } from './models/user.ts'
import { policies } from './policies.ts'
import { app, auth } from './tapri.ts'

export default app({
  controllers: { auth: auth({ signUp: pick(users, 'name', 'email') }), ${controllers
    .map((index) => `thing${index}: thing${index}Controller`)
    .join(', ')} },
  policies,
})
`

const caller = (controllers: readonly number[]) => `import { client } from 'tapri/client'
import type app from './app.ts'

export const api = client<typeof app>('http://localhost:3000/api')
export const me = await api.auth.me()
${controllers
  .map(
    (index) => `
export const names${index} = (await api.thing${index}.list({ page: 2 })).map((row) => row.author.name)
export const made${index} = await api.thing${index}.create({ title: 'One', tags: [] })
export const first${index} = (await api.thing${index}.one({ id: made${index}.id })).children[0]?.title
export const stop${index} = api.thing${index}.mine.live({}, (rows) => rows.map((row) => row.parent?.title))`,
  )
  .join('\n')}
`
