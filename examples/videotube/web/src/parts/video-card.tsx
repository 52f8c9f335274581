import type { StoredVideo } from 'tapri/data'
import type { Video } from '../api.ts'
import { ago, count } from '../format.ts'
import { Link } from '../router.tsx'
import { Avatar } from './avatar.tsx'
import { Thumbnail } from './thumbnail.tsx'

/** A video in a grid; `slim` puts the picture beside the words. */
export function VideoCard({ video, slim }: { video: Video; slim?: boolean }) {
  return (
    <article className={slim ? 'card card-slim' : 'card'}>
      <Link className="card-picture" href={`/watch/${video.id}`} tabIndex={-1} aria-hidden="true">
        <Thumbnail source={video.source} />
        <Brewing source={video.source} />
      </Link>
      <div className="card-text">
        {!slim && <Avatar person={video.owner} />}
        <div>
          <h3>
            <Link href={`/watch/${video.id}`}>{video.title}</Link>
          </h3>
          <p className="quiet">
            <Link href={`/channel/${video.owner.id}`}>{video.owner.name}</Link>
            <span>
              {count(video.views, 'view')} · <time dateTime={video.at.toISOString()}>{ago(video.at)}</time>
            </span>
          </p>
        </div>
      </div>
    </article>
  )
}

/** That it can be watched already, and will be better soon. */
function Brewing({ source }: { source: StoredVideo | null }) {
  const { state, progress } = source?.processing ?? {}
  if (state !== 'waiting' && state !== 'working') return null
  return <span className="brewing">Brewing, {Math.floor((progress ?? 0) * 100)}%</span>
}
