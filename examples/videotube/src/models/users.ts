import { email, file, hasMany, private as hidden, model, optional, text } from 'tapri/data'

/** People; everyone who signs up is also a channel. */
export const users = model({
  name: text({ min: 2, max: 60, trim: true }),
  email: hidden(email({ unique: true })),
  about: optional(text({ max: 1000, trim: true })),
  avatar: optional(file({ accept: 'image/*', maxSize: '5mb' })),
  videos: hasMany('videos', 'owner'),
})
