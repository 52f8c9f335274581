import { belongsTo, bool, hasMany, int, model, optional, text, time, video } from 'tapri/data'

export const videos = model(
  {
    title: text({ min: 3, max: 120, trim: true }),
    description: text({ max: 5000, trim: true, default: '' }),
    // null while it is on its way
    source: optional(video({ maxSize: '2gb' })),
    published: bool({ default: false }),
    views: int({ min: 0, default: 0 }),
    at: time({ default: 'now' }),
    owner: belongsTo('users', { onDelete: 'cascade' }),
    comments: hasMany('comments', 'video'),
  },
  { search: ['title', 'description'] },
)
