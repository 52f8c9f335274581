import { notificationsShown } from '../constants.ts'
import { controller, member } from '../tapri.ts'

export const notificationController = controller('/notifications', {
  list: member.get('/', ({ db }) =>
    db.notifications.find({ with: { channel: true, video: true }, orderBy: '-at', limit: notificationsShown }),
  ),

  markSeen: member.post('/seen', ({ db }) =>
    db.transaction(async (db) => {
      const unseen = await db.notifications.find({ where: { seen: false } })
      for (const { id } of unseen) await db.notifications.update(id, { seen: true })
    }),
  ),
})
