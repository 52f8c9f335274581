import type { Row } from 'tapri/data'
import type { Database, Models } from './tapri.ts'

type Video = Pick<Row<Models, 'videos'>, 'id' | 'owner'>

/** Notifies every follower of the channel, once per video; call it in the transaction that publishes. */
export async function announce({ notifications, subscriptions }: ReturnType<Database['asSystem']>, video: Video): Promise<void> {
  if ((await notifications.count({ where: { video: video.id } })) > 0) return
  let after: string | undefined
  do {
    const page = await subscriptions.page({ where: { channel: video.owner }, after })
    for (const { follower } of page.rows) {
      await notifications.create({ user: follower, channel: video.owner, video: video.id })
    }
    after = page.next ?? undefined
  } while (after)
}
