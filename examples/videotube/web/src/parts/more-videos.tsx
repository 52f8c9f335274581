import type { Id } from 'tapri/data'
import { api } from '../api.ts'
import { useLoad } from '../hooks/use-load.ts'
import { VideoCard } from './video-card.tsx'

/** The newest videos but the one that is watched. */
export function MoreVideos({ but }: { but: Id<'videos'> }) {
  const { value: page } = useLoad(() => api.videos.list({}), [but])
  const videos = page?.rows.filter(({ id }) => id !== but) ?? []
  if (videos.length === 0) return null
  return (
    <aside className="more-videos" aria-labelledby="more-title">
      <h2 id="more-title">More videos</h2>
      <ul>
        {videos.slice(0, 8).map((video) => (
          <li key={video.id}>
            <VideoCard video={video} slim />
          </li>
        ))}
      </ul>
    </aside>
  )
}
