import type { ReactNode } from 'react'
import { count } from '../format.ts'
import { useShelf, type Wanted } from '../hooks/use-shelf.ts'
import { FormError } from './field.tsx'
import { Failure, Skeletons } from './states.tsx'
import { VideoCard } from './video-card.tsx'

/** Published videos as they are now; new ones say so, and come when they are asked for, so that nothing moves by itself. */
export function VideoGrid({ wanted, empty }: { wanted: Wanted; empty: ReactNode }) {
  const { error, videos, fresh, showNew, next, more } = useShelf(wanted)
  const show = () => {
    showNew()
    scrollTo({ top: 0 })
    document.querySelector<HTMLElement>('main')?.focus({ preventScroll: true })
  }
  if (error) return <Failure error={error} />
  if (!videos) {
    return (
      <div className="grid" aria-busy="true">
        <Skeletons amount={8} kind="card" />
      </div>
    )
  }
  if (videos.length === 0) return empty
  return (
    <>
      <div className="news" role="status">
        {fresh > 0 && (
          <button type="button" className="button button-main" onClick={show}>
            {count(fresh, 'new video')}
          </button>
        )}
      </div>
      <ul className="grid">
        {videos.map((video) => (
          <li key={video.id}>
            <VideoCard video={video} />
          </li>
        ))}
      </ul>
      <FormError error={more.error} />
      {next !== null && (
        <button type="button" className="button more" disabled={more.busy} onClick={() => more.run(next)}>
          {more.busy ? 'Pouring…' : 'Load more'}
        </button>
      )}
    </>
  )
}
