import { useRef, useState } from 'react'
import type { StoredFile } from 'tapri/data'
import { api, type Video } from '../api.ts'

/** Plays a video; the browser asks the server for just the parts that it shows. */
export function Player({ video, source }: { video: Video; source: StoredFile }) {
  const counted = useRef(false)
  const [broken, setBroken] = useState(false)
  const onPlay = () => {
    if (counted.current) return
    counted.current = true
    // a view that could not be counted must not disturb watching
    api.videos.view({ id: video.id }).catch(() => {})
  }
  return (
    <div className="player">
      {/* biome-ignore lint/a11y/useMediaCaption: visitors upload what they have, with or without captions */}
      <video
        src={source.url}
        controls
        playsInline
        preload="metadata"
        aria-label={video.title}
        onPlay={onPlay}
        onError={() => setBroken(true)}
      />
      {broken && (
        <p className="player-broken" role="alert">
          This browser cannot play “{source.name}”. <a href={source.url}>Download it</a> instead.
        </p>
      )}
    </div>
  )
}
