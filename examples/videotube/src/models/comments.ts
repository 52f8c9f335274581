import { belongsTo, model, text, time } from 'tapri/data'

export const comments = model({
  text: text({ min: 1, max: 2000, trim: true }),
  at: time({ default: 'now' }),
  video: belongsTo('videos', { onDelete: 'cascade' }),
  author: belongsTo('users', { onDelete: 'cascade' }),
})
