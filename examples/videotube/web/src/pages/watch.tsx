import type { Id } from 'tapri/data'
import { useLive } from 'tapri/react'
import { api, type Video } from '../api.ts'
import { ago, count } from '../format.ts'
import { useSession } from '../hooks/session.tsx'
import { Avatar } from '../parts/avatar.tsx'
import { Chat } from '../parts/chat.tsx'
import { Comments } from '../parts/comments.tsx'
import { FollowButton } from '../parts/follow-button.tsx'
import { LikeButton } from '../parts/like-button.tsx'
import { MoreVideos } from '../parts/more-videos.tsx'
import { OnItsWay } from '../parts/on-its-way.tsx'
import { Player } from '../parts/player.tsx'
import { Processing } from '../parts/processing.tsx'
import { Failure, Skeletons } from '../parts/states.tsx'
import { Link, usePageTitle } from '../router.tsx'

export function WatchPage({ id }: { id: Id<'videos'> }) {
  const { value: video, error } = useLive(api.videos.get, { id })
  usePageTitle(video?.title)
  if (error) return <Failure error={error} />
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
  const { user } = useSession()
  const { value: stats } = useLive(api.videos.stats, { id: video.id })
  return (
    <>
      <article>
        {video.source ? <Player video={video} source={video.source} /> : <OnItsWay />}
        {video.source && <Processing source={video.source} />}
        <h1 className="watch-title">
          {video.title} {!video.published && <span className="tag">Not published</span>}
        </h1>
        <div className="watch-bar">
          <ChannelLine video={video} />
          <LikeButton video={video.id} likes={stats?.likes ?? 0} liked={stats?.liked ?? false} />
        </div>
        <div className="description">
          <p className="quiet">
            {count(video.views, 'view')} · <time dateTime={video.at.toISOString()}>{ago(video.at)}</time>
          </p>
          {video.description === '' ? <p className="quiet">No description.</p> : <p>{video.description}</p>}
        </div>
      </article>
      {user !== undefined && <Chat video={video.id} user={user} />}
      <Comments video={video.id} amount={stats?.comments} />
    </>
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
