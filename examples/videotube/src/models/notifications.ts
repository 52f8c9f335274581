import { belongsTo, bool, model, time } from 'tapri/data'

/** Tells one follower about one new video. */
export const notifications = model(
  {
    user: belongsTo('users', { onDelete: 'cascade' }),
    channel: belongsTo('users', { onDelete: 'cascade' }),
    video: belongsTo('videos', { onDelete: 'cascade' }),
    at: time({ default: 'now' }),
    seen: bool({ default: false }),
  },
  { unique: [['user', 'video']] },
)
