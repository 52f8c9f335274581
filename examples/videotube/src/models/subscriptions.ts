import { belongsTo, model } from 'tapri/data'

/** Who follows whose channel. */
export const subscriptions = model(
  {
    channel: belongsTo('users', { onDelete: 'cascade' }),
    follower: belongsTo('users', { onDelete: 'cascade' }),
  },
  { unique: [['channel', 'follower']] },
)
