import { belongsTo, model } from 'tapri/data'

export const likes = model(
  {
    video: belongsTo('videos', { onDelete: 'cascade' }),
    user: belongsTo('users', { onDelete: 'cascade' }),
  },
  { unique: [['video', 'user']] },
)
