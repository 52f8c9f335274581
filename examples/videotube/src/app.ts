import { pick } from 'tapri/data'
import { webFolder } from './constants.ts'
import { channelController } from './controllers/channels.ts'
import { chat } from './controllers/chat.ts'
import { commentController } from './controllers/comments.ts'
import { notificationController } from './controllers/notifications.ts'
import { videoController } from './controllers/videos.ts'
import { users } from './models/users.ts'
import { channelPolicies } from './policies/channels.ts'
import { videoPolicies } from './policies/videos.ts'
import { seed } from './seed.ts'
import { app, auth } from './tapri.ts'

export default app({
  title: 'VideoTube',
  controllers: {
    auth: auth({ signUp: pick(users, 'name', 'email', 'avatar') }),
    videos: videoController,
    comments: commentController,
    channels: channelController,
    notifications: notificationController,
  },
  channels: { chat },
  policies: [...channelPolicies, ...videoPolicies],
  folders: { '/': { from: webFolder, fallback: 'index.html' } },
  onStart: seed,
})
