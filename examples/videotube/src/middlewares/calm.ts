import { TapriError } from 'tapri'
import { middleware } from '../tapri.ts'

/** What `calm` answers; a route that uses it names it among its `errors`. */
export const tooFast = { VIDEOTUBE_TOO_FAST: 429 }

/** Keeps one person from flooding the comments. */
export const calm = middleware(async ({ db, user, settings, now }, next) => {
  const limit = settings.COMMENTS_PER_MINUTE
  const since = new Date(now.getTime() - 60_000)
  const recent = user === null ? 0 : await db.comments.count({ where: { author: user.id, at: { gt: since } } })
  if (recent >= limit) {
    throw new TapriError('VIDEOTUBE_TOO_FAST', `You may write ${limit} comments a minute: wait a moment`, {
      status: tooFast.VIDEOTUBE_TOO_FAST,
    })
  }
  await next({})
})
