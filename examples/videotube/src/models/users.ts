import { email, hasMany, private as hidden, image, model, optional, stream, text } from 'tapri/data'

/** People; everyone who signs up is also a channel. */
export const users = model({
  name: text({ min: 2, max: 60, trim: true }),
  email: hidden(email({ unique: true })),
  about: optional(text({ max: 1000, trim: true })),
  avatar: optional(image({ maxSize: '5mb', variants: { small: { width: 96, height: 96 }, large: { width: 288, height: 288 } } })),
  live: stream(),
  videos: hasMany('videos', 'owner'),
})
