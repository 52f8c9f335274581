import type { Id } from 'tapri/data'
import { api, type Comment, type Me, toId } from './api.ts'

/* What the visitor does is shown at once. Without a line it waits for one; what the server refuses is taken back. */

export function like(id: Id<'videos'>, liked: boolean): Promise<void> {
  return api.videos.like.optimistic({ id, liked }, (show) =>
    show(api.videos.stats, { id }, (stats) =>
      stats.liked === liked ? stats : { ...stats, liked, likes: stats.likes + (liked ? 1 : -1) },
    ),
  )
}

export function follow(id: Id<'users'>, following: boolean): Promise<void> {
  return api.channels.follow.optimistic({ id, following }, (show) =>
    show(api.channels.get, { id }, (channel) =>
      channel.following === following ? channel : { ...channel, following, followers: channel.followers + (following ? 1 : -1) },
    ),
  )
}

export function comment(video: Id<'videos'>, text: string, author: Me): Promise<unknown> {
  const draft: Comment = { id: toId(`waiting-${++lastDraft}`), video, text, author, at: new Date(), isWaiting: true }
  return api.comments.create.optimistic({ video, text }, (show) => {
    show(api.comments.list, { video }, (comments) => [draft, ...comments])
    show(api.videos.stats, { id: video }, (stats) => ({ ...stats, comments: stats.comments + 1 }))
  })
}
let lastDraft = 0

export function editComment({ id, video }: Comment, text: string): Promise<unknown> {
  return api.comments.update.optimistic({ id, text }, (show) =>
    show(api.comments.list, { video }, (comments) => comments.map((other) => (other.id === id ? { ...other, text } : other))),
  )
}
