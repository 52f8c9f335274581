import { channel } from 'tapri'
import { bool, id, text } from 'tapri/data'
import { chatShown } from '../constants.ts'
import { visitor } from '../tapri.ts'

/** What people say to each other beside a video: whoever may see the video reads it, whoever is signed in writes. */
export const chat = channel(visitor, '/videos/:id/chat', {
  params: { id: id('videos') },
  message: { text: text({ min: 1, max: 500, trim: true }), name: text({ default: '' }) },
  signal: { typing: bool() },
  history: { keep: chatShown, for: '1d' },
  join: async ({ db, params }) => (await db.videos.count({ where: { id: params.id } })) > 0,
  // a name that the page sends is not believed
  send: ({ user }, { text }) => user !== null && { text, name: user.name },
  presence: ({ user }) => ({ name: user?.name ?? 'Guest', avatar: user?.avatar ? { variants: user.avatar.variants } : null }),
})
