import { channel, TapriError, tapri } from 'tapri'
import { belongsTo, bool, email, id, model, pick, text } from 'tapri/data'
import { arrivals } from '../packages/tapri/src/live/stall.fixture.ts'

const models = {
  users: model({ name: text(), email: email({ unique: true }) }),
  rooms: model({ title: text(), open: bool({ default: false }) }),
  guests: model({ room: belongsTo('rooms', { onDelete: 'cascade' }), user: belongsTo('users', { onDelete: 'cascade' }) }),
}
const { app, auth, controller, member, policy, visitor } = tapri({ models })

const chat = channel(member, '/rooms/:id', {
  params: { id: id('rooms') },
  message: { text: text({ max: 500 }) },
  signal: { typing: bool() },
  history: { keep: 40, for: '7d' },
  join: async ({ db, params, user }) =>
    (await db.rooms.first({ where: { id: params.id, open: true } })) !== null ||
    (await db.guests.count({ where: { room: params.id, user: user.id } })) > 0,
  send: (_context, message) => (message.text === 'spam' ? false : { text: message.text.trim() }),
  presence: ({ user }) => ({ name: user.name }),
})

const lobby = channel(visitor, '/lobby', {
  message: { text: text({ max: 100 }) },
  history: false,
  join: () => true,
  send: (_context, message) => message,
})

export const hall = channel(visitor, '/halls/:id', {
  params: { id: id('rooms') },
  message: { text: text({ max: 100 }) },
  signal: { wave: bool() },
  history: { keep: 1_000 },
  join: async ({ db, params }) => (await db.rooms.count({ where: { id: params.id, open: true } })) === 1,
  send: (_context, message) => message,
  presence: () => ({}),
})

/** Rooms in which those talk who are let in, halls for everybody, and a lobby in which nothing is kept. */
export default app({
  controllers: {
    auth: auth({ signUp: pick(models.users, 'name', 'email') }),
    rooms: controller('/rooms', {
      get: visitor.get('/:id', { params: { id: id('rooms') } }, ({ db, params }) => db.rooms.get(params.id)),
    }),
  },
  channels: { chat, lobby, hall },
  policies: [
    policy('users', { read: () => true }),
    policy('rooms', { read: () => true }),
    policy('guests', { read: ({ rows, user }) => user !== null && rows({ user: user.id }) }),
  ],
})

interface Heard {
  onMessage(listener: (message: { readonly body: { readonly text: string } }) => void): () => void
}

/** The texts of the messages from now on. */
export function textsOf(channel: Heard) {
  const texts = arrivals<string>()
  channel.onMessage(({ body }) => texts.add(body.text))
  return texts
}

/** What the work is refused with. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'none'
  } catch (error) {
    return error instanceof TapriError ? error.code : String(error)
  }
}
