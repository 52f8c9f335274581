import { service, tapri } from '../app/index.ts'
import { belongsTo, email, hasMany, int, model, pick, private as privately, text } from '../data/index.ts'

/** What happened, in its order: services and work at the start write it down. */
export const diary: string[] = []

const users = model({
  email: privately(email({ unique: true })),
  name: text({ min: 1, max: 80 }),
  videos: hasMany('videos', 'author'),
  invitations: hasMany('invitations', 'by'),
})
const invitations = model({ code: text(), by: belongsTo('users', { onDelete: 'cascade' }) })
const videos = model({
  title: text({ min: 1, max: 120 }),
  plays: int({ default: 0 }),
  author: belongsTo('users', { onDelete: 'cascade' }),
  invitation: belongsTo('invitations', { onDelete: 'cascade' }),
})

export const post = service(
  'post',
  ({ settings }) => {
    diary.push(`post starts at ${settings.POST_HOST}`)
    return { send: (to: string): string => `sent to ${to} by ${settings.POST_HOST}` }
  },
  { settings: { POST_HOST: text() }, dispose: () => void diary.push('post ends') },
)
export const directory = service(
  'directory',
  async ({ db, services }) => {
    diary.push(`directory starts with ${await db.users.count()} users`)
    return {
      nameOf: async (address: string): Promise<string> => (await db.users.first({ where: { email: address } }))?.name ?? 'nobody',
      greet: (address: string): string => services.post.send(address),
    }
  },
  { uses: [post], models: { users }, dispose: () => void diary.push('directory ends') },
)

export const accountsKit = tapri({
  models: { users, invitations },
  settings: { INVITATIONS: int({ default: 3 }) },
  services: [directory, post],
})
const inviting = accountsKit.middleware<{ invited: number }>(async function inviting({ db }, next) {
  await next({ invited: await db.invitations.count() })
})
export const accounts = accountsKit.module({
  name: 'accounts',
  controllers: {
    auth: accountsKit.auth({ signUp: pick(users, 'name', 'email') }),
    invitations: accountsKit.controller('/invitations', {
      mine: accountsKit.member.get('/', ({ db, user }) => db.invitations.find({ where: { by: user.id } })),
      create: accountsKit.member.post('/', { body: pick(invitations, 'code') }, ({ db, user, body }) =>
        db.invitations.create({ ...body, by: user.id }),
      ),
      left: accountsKit.visitor.use(inviting).get('/left', ({ settings, invited }) => settings.INVITATIONS - invited),
    }),
  },
  policies: [
    accountsKit.policy('users', { read: () => true, delete: ({ user, rows }) => user !== null && rows({ id: user.id }) }),
    accountsKit.policy('invitations', { read: () => true, create: ({ user, rows }) => user !== null && rows({ by: user.id }) }),
  ],
  exports: { models: ['users'], services: ['directory'] },
  onStart: ({ settings, services }) => void diary.push(`accounts opens with ${settings.INVITATIONS}, ${Object.keys(services)}`),
})

export const studioKit = tapri({ models: { videos }, uses: [accounts] })
const counting = studioKit.middleware(async function counting({ db, reply }, next) {
  reply.header('x-studio', String(await db.videos.count()))
  await next({})
})
export const studio = studioKit.module({
  name: 'studio',
  prefix: '/studio',
  use: [counting],
  controllers: {
    videos: studioKit.controller('/videos', {
      list: studioKit.visitor.get('/', ({ db }) => db.videos.find({ with: { author: true }, orderBy: 'title' })),
      create: studioKit.member.post('/', { body: pick(videos, 'title', 'invitation') }, async ({ db, user, body, services }) => {
        const video = await db.videos.create({ ...body, author: user.id })
        return { video, told: services.directory.greet(user.email) }
      }),
      author: studioKit.visitor.get('/author', { query: pick(users, 'email') }, ({ services, query }) =>
        services.directory.nameOf(query.email),
      ),
      leave: studioKit.member.delete('/me', async ({ db, user }) => {
        await db.users.delete(user.id)
      }),
      // handlers of its kit see what it sees, whatever they ask for
      sight: studioKit.visitor.get('/sight', async ({ db, services, settings }) => ({
        db: namesIn(db),
        system: namesIn(db.asSystem('look around')),
        services: Object.keys(services),
        settings: Object.keys(settings),
      })),
      within: studioKit.visitor.post('/sight', ({ db }) => db.transaction(async (inside) => namesIn(inside))),
      pry: studioKit.visitor.get('/pry', { query: { as: text() } }, ({ db, query }) => {
        const pried: object = { [query.as]: { invitation: query.as === 'with' ? true : { code: 'kites' } } }
        return db.videos.find(pried)
      }),
    }),
  },
  policies: [
    studioKit.policy('videos', {
      read: () => true,
      create: ({ user, rows }) => user !== null && rows({ author: user.id }),
    }),
  ],
  onStart: ({ db }) => void diary.push(`studio opens with ${namesIn(db)}`),
})

const appKit = tapri({ models: {}, uses: [accounts] })
const stamping = appKit.middleware<{ stamp: string }>(async function stamping(_, next) {
  await next({ stamp: 'stamped' })
})
const watching = appKit.middleware(async function watching(context, next) {
  const { db, user, reply, settings, services } = context
  reply.header('x-sees', [...namesIn(db), ...Object.keys(services), ...Object.keys(settings)].join(' '))
  reply.header('x-knows', ['stamp' in context ? context.stamp : 'nothing', user === null ? 'nobody' : user.name].join(' '))
  await next({})
})
export const app = appKit.app({
  modules: [studio, accounts],
  controllers: { door: appKit.controller('/door', { open: appKit.visitor.get('/', () => 'open') }) },
  policies: [],
  use: [stamping, watching],
  onStart: async ({ db }) => void diary.push(`the app opens with ${namesIn(db)}`),
})

/** The models that a database shows. */
export function namesIn(db: object): string[] {
  return [...new Set(['users', 'invitations', 'videos', 'tapri_files'])].filter((name) => name in db)
}

/** Never called: what of it compiles, and what does not, is the claim. */
export function beyondSight(): void {
  studioKit.visitor.get('/', ({ db, services, settings }) => {
    // @ts-expect-error a model that accounts does not export
    db.invitations
    // @ts-expect-error a service that accounts does not export
    services.post
    // @ts-expect-error a setting of accounts
    settings.INVITATIONS
    // @ts-expect-error a relation to a model that is not seen
    db.videos.find({ with: { invitation: true } })
    // @ts-expect-error the same, through one that is
    db.videos.find({ with: { author: { with: { invitations: true } } } })
    return db.videos.find({ with: { author: { with: { videos: true } } } })
  })
  // @ts-expect-error a model of another module, though it is seen
  studioKit.policy('users', {})
  // @ts-expect-error a model that it does not have
  studioKit.module({ name: 'studio', exports: { models: ['users'] } })
  // @ts-expect-error a service that it does not have
  accountsKit.module({ name: 'accounts', exports: { services: ['mailer'] } })
  // @ts-expect-error services that use each other: neither type can be told
  const first = service('first', ({ services }) => ({ next: () => services.second.next() }), { uses: [second()] })
  // @ts-expect-error
  function second() {
    return service('second', ({ services }) => ({ next: () => services.first.next() }), { uses: [first] })
  }
}
