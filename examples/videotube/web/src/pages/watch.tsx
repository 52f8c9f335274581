import type { Id } from 'tapri/data'
import { api, type Video } from '../api.ts'
import { ago, count } from '../format.ts'
import { useLive } from '../hooks/use-live.ts'
import { useLoad } from '../hooks/use-load.ts'
import { Avatar } from '../parts/avatar.tsx'
import { Comments } from '../parts/comments.tsx'
import { FollowButton } from '../parts/follow-button.tsx'
import { LikeButton } from '../parts/like-button.tsx'
import { MoreVideos } from '../parts/more-videos.tsx'
import { Player } from '../parts/player.tsx'
import { Failure, Skeletons } from '../parts/states.tsx'
import { Link, usePageTitle } from '../router.tsx'

export function WatchPage({ id }: { id: Id<'videos'> }) {
  const { value: video, error, reload } = useLoad(() => api.videos.get({ id }), [id])
  usePageTitle(video?.title)
  if (error) return <Failure error={error} retry={reload} />
  return (
    <div className="watch">
      {video ? (
        <Watching video={video} />
      ) : (
        <div aria-busy="true">
          <div className="player skeleton" />
          <Skeletons amount={3} kind="line" />
        </div>
      )}
      <MoreVideos but={id} />
    </div>
  )
}

function Watching({ video }: { video: Video }) {
  const { value: stats } = useLive(api.videos.stats, { id: video.id })
  return (
    <article>
      <Player video={video} />
      <h1 className="watch-title">
        {video.title} {!video.published && <span className="tag">Not published</span>}
      </h1>
      <div className="watch-bar">
        <ChannelLine video={video} />
        <LikeButton video={video.id} likes={stats?.likes ?? 0} liked={stats?.liked ?? false} />
      </div>
      <div className="description">
        <p className="quiet">
          {count(stats?.views ?? video.views, 'view')} · <time dateTime={video.at.toISOString()}>{ago(video.at)}</time>
        </p>
        {video.description === '' ? <p className="quiet">No description.</p> : <p>{video.description}</p>}
      </div>
      <Comments video={video.id} amount={stats?.comments} />
    </article>
  )
}

function ChannelLine({ video: { owner } }: { video: Video }) {
  const { value: channel } = useLive(api.channels.get, { id: owner.id })
  return (
    <div className="channel-line">
      <Avatar person={owner} />
      <p>
        <Link href={`/channel/${owner.id}`}>{owner.name}</Link>
        <span className="quiet">{channel ? count(channel.followers, 'follower') : ' '}</span>
      </p>
      {channel && <FollowButton channel={channel} />}
    </div>
  )
}
