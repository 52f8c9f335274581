import { useRef, useState } from 'react'
import type { StoredFile } from 'tapri/data'
import { clock } from '../format.ts'
import { FilmIcon } from './icons.tsx'

const stillAt = 1.5
const calm = () => matchMedia('(prefers-reduced-motion: reduce)').matches

/** A frame of the video itself; it plays without sound while the pointer rests on it. */
export function Thumbnail({ source }: { source: StoredFile | null }) {
  const video = useRef<HTMLVideoElement>(null)
  const [duration, setDuration] = useState<number>()
  const [broken, setBroken] = useState(false)

  const play = () => {
    // a play that is cut short by leaving is no failure
    if (!calm()) video.current?.play().catch(() => {})
  }
  const rest = () => {
    if (!video.current) return
    video.current.pause()
    video.current.currentTime = stillAt
  }
  return (
    <div className="thumbnail" onPointerEnter={play} onPointerLeave={rest}>
      {broken || !source ? (
        <FilmIcon />
      ) : (
        <video
          ref={video}
          src={`${source.url}#t=${stillAt}`}
          muted
          loop
          playsInline
          preload="metadata"
          tabIndex={-1}
          aria-hidden="true"
          onLoadedMetadata={(event) => setDuration(event.currentTarget.duration)}
          onError={() => setBroken(true)}
        />
      )}
      {duration !== undefined && Number.isFinite(duration) && <span className="duration">{clock(duration)}</span>}
    </div>
  )
}
