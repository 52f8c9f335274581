import { tapri } from 'tapri'
import { type Db, int } from 'tapri/data'
import { comments } from './models/comments.ts'
import { likes } from './models/likes.ts'
import { notifications } from './models/notifications.ts'
import { subscriptions } from './models/subscriptions.ts'
import { users } from './models/users.ts'
import { videos } from './models/videos.ts'

const models = { users, videos, comments, likes, subscriptions, notifications }
const settings = { COMMENTS_PER_MINUTE: int({ min: 1, default: 20 }) }

export type Models = typeof models
export type Database = Db<Models>
export const { app, auth, controller, member, middleware, policy, visitor } = tapri({ models, settings })
