import { useState } from 'react'
import type { StoredVideo } from 'tapri/data'
import { clock } from '../format.ts'
import { FilmIcon } from './icons.tsx'

const stillAt = 1.5
const calm = () => matchMedia('(prefers-reduced-motion: reduce)').matches

/** A picture of the video; the video itself, without sound, while the pointer rests on it. */
export function Thumbnail({ source }: { source: StoredVideo | null }) {
  const [over, setOver] = useState(false)
  const [duration, setDuration] = useState(source?.duration)
  const [broken, setBroken] = useState(false)
  const seconds = source?.duration ?? duration
  return (
    <div className="thumbnail" onPointerEnter={() => setOver(!calm())} onPointerLeave={() => setOver(false)}>
      {broken || !source ? (
        <FilmIcon />
      ) : source.poster && !over ? (
        <img src={source.poster} alt="" loading="lazy" onError={() => setBroken(true)} />
      ) : (
        <video
          key={String(over)}
          src={`${source.url}#t=${stillAt}`}
          autoPlay={over}
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
      {seconds && Number.isFinite(seconds) ? <span className="duration">{clock(seconds)}</span> : null}
    </div>
  )
}
