import { nothing, row, rows } from 'tapri/data'
import { notificationsShown } from '../constants.ts'
import { notifications } from '../models/notifications.ts'
import { users } from '../models/users.ts'
import { videos } from '../models/videos.ts'
import { controller, member } from '../tapri.ts'

const shown = rows(notifications, { with: { channel: row(users), video: row(videos) } })

export const notificationController = controller('/notifications', {
  list: member.get('/', { output: shown }, ({ db }) =>
    db.notifications.find({ with: { channel: true, video: true }, orderBy: '-at', limit: notificationsShown }),
  ),

  markSeen: member.post('/seen', { output: nothing }, ({ db }) =>
    db.transaction(async (db) => {
      const unseen = await db.notifications.find({ where: { seen: false } })
      for (const { id } of unseen) await db.notifications.update(id, { seen: true })
    }),
  ),
})
