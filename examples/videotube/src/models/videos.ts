import { belongsTo, bool, file, hasMany, int, model, text, time } from 'tapri/data'

export const videos = model({
  title: text({ min: 3, max: 120, trim: true }),
  /** The title in lower case: comparing text minds the case, searching should not. */
  words: text({ max: 400 }),
  description: text({ max: 5000, trim: true, default: '' }),
  source: file({ accept: 'video/*', maxSize: '2gb' }),
  published: bool({ default: false }),
  views: int({ min: 0, default: 0 }),
  at: time({ default: 'now' }),
  owner: belongsTo('users', { onDelete: 'cascade' }),
  comments: hasMany('comments', 'video'),
})

export const wordsOf = (title: string): string => title.toLowerCase()
