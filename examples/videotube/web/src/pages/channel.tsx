import type { Id } from 'tapri/data'
import { useLive } from 'tapri/react'
import { api } from '../api.ts'
import { count } from '../format.ts'
import { Avatar } from '../parts/avatar.tsx'
import { FollowButton } from '../parts/follow-button.tsx'
import { LivePlayer } from '../parts/live-player.tsx'
import { Empty, Failure, Skeletons } from '../parts/states.tsx'
import { VideoGrid } from '../parts/video-grid.tsx'
import { usePageTitle } from '../router.tsx'

export function ChannelPage({ id }: { id: Id<'users'> }) {
  const { value: channel, error } = useLive(api.channels.get, { id })
  usePageTitle(channel?.name)
  if (error) return <Failure error={error} />
  if (!channel) {
    return (
      <div className="page" aria-busy="true">
        <Skeletons amount={2} kind="line" />
      </div>
    )
  }
  return (
    <div className="page">
      <header className="channel-head">
        <Avatar person={channel} large />
        <div>
          <h1>{channel.name}</h1>
          <p className="quiet">
            {count(channel.followers, 'follower')} · {count(channel.videos, 'video')}
          </p>
          {channel.about && <p className="about">{channel.about}</p>}
        </div>
        <FollowButton channel={channel} />
      </header>
      {channel.live && <LivePlayer key={channel.live.id} channel={channel} live={channel.live} />}
      <h2 className="unseen">Videos</h2>
      <VideoGrid
        wanted={{ owner: id }}
        empty={
          <Empty title="Nothing on the counter yet">
            <p>{channel.name} has not published a video.</p>
          </Empty>
        }
      />
    </div>
  )
}
