import { channel, deny, service, tapri } from 'tapri'
import { bool, email, id, int, model, nothing, optional, pick, text, time } from 'tapri/data'

const models = {
  users: model({ name: text(), email: email({ unique: true }) }),
  rooms: model({ title: text(), visits: int({ default: 0 }) }),
}

/** Says what it is told to; nothing of the app's models is its own. */
export const crier = service('crier', ({ channel }) => ({
  cry: (text: string) => channel(board, { about: 'cries' }).send({ text }),
}))

const kit = tapri({ models, services: [crier] })
const { app, auth, controller, member, policy, visitor } = kit

export const chat = channel(member, '/rooms/:id', {
  params: { id: id('rooms') },
  message: { text: text({ min: 1, max: 500 }), seats: int({ default: 1 }) },
  signal: { typing: bool() },
  history: { keep: 1_000 },
  join: () => true,
  send: (_context, message) => message,
  presence: ({ user }) => ({ name: user.name }),
})

/** Nobody but the app says anything here, and nothing is kept. */
export const board = channel(visitor, '/boards/:about', {
  message: { text: text({ max: 100_000 }), at: optional(time()) },
  signal: { wave: bool() },
  history: false,
  join: () => true,
  send: () => false,
})

const other = tapri({ models: {} })

export const bell = channel(other.visitor, '/bell', {
  message: { text: text() },
  join: () => true,
  send: () => false,
})
export const stray = channel(other.visitor, '/stray', { message: { text: text() }, join: () => true, send: () => false })

/** Sees no model of the app. */
const bells = other.module({
  name: 'bells',
  controllers: {
    bells: other.controller('/bells', {
      ring: other.visitor.post('/', { output: nothing }, async ({ channel }) => {
        await channel(board, { about: 'bells' }).send({ text: 'ding' })
        await channel(bell).send({ text: 'dong' })
      }),
    }),
  },
  channels: { bell },
})
const one = { params: { id: id('rooms') } }

export const rooms = app({
  controllers: {
    auth: auth({ signUp: pick(models.users, 'name', 'email') }),
    rooms: controller('/rooms', {
      rename: member.patch(
        '/:id',
        { ...one, body: { title: text(), fails: bool({ default: false }) }, output: nothing },
        ({ db, channel, params, body }) =>
          db.transaction(async (db) => {
            await db.rooms.update(params.id, { title: body.title })
            await channel(chat, params).send({ text: `now ${body.title}` })
            await channel(chat, params).signal({ typing: true })
            await channel(board, { about: 'rooms' }).send({ text: body.title })
            if (body.fails) throw deny('Cannot rename: it fails')
          }),
      ),
      say: member.post(
        '/:id/say',
        { ...one, body: { text: text(), key: optional(text()) }, output: nothing },
        ({ channel, params, body: { text, key }, user }) =>
          channel(chat, params).send({ text }, { from: user.id, ...(key !== null && { key }) }),
      ),
      shout: visitor.get('/:id/shout', one, ({ channel, params }) => channel(chat, params).send({ text: 'hey' })),
      present: visitor.get('/:id/present', one, async ({ channel, params }) => {
        const { members, count } = channel(chat, params)
        return { names: (await members()).map(({ facts }) => facts.name).sort(), count: await count() }
      }),
      cry: visitor.post('/cry', { body: { text: text() }, output: nothing }, ({ services, body }) =>
        services.crier.cry(body.text),
      ),
      stray: visitor.post('/stray', { output: nothing }, ({ channel }) => channel(stray).send({ text: 'lost' })),
    }),
  },
  channels: { chat, board },
  modules: [bells],
  policies: [
    policy('users', { read: () => true }),
    policy('rooms', { read: () => true, create: () => true, update: () => true }),
  ],
  onStart: ({ channel }) => channel(bell).send({ text: 'open' }, { key: 'opened' }),
})
