import { useEffect, useRef, useState } from 'react'
import type { StoredVideo } from 'tapri/data'
import { api, type Video } from '../api.ts'
import { useStream } from '../hooks/use-stream.ts'
import { Quality } from './quality.tsx'

/** Plays a video as it suits the line; its original while it is made ready for that. */
export function Player({ video, source }: { video: Video; source: StoredVideo }) {
  const element = useRef<HTMLVideoElement>(null)
  const begun = useRef(false)
  const failed = useRef(false)
  const whole = source.processing.state === 'ready' ? source.stream : null
  const [stream, setStream] = useState(whole)
  const [broken, setBroken] = useState(false)
  const { heights, chosen, choose } = useStream(element, stream, () => {
    failed.current = true
    setStream(null)
  })

  useEffect(() => {
    // whoever has begun to watch is not interrupted when there is something better
    if (!begun.current && !failed.current) setStream(whole)
  }, [whole])

  const onPlay = () => {
    if (begun.current) return
    begun.current = true
    // a view that could not be counted must not disturb watching
    api.videos.view({ id: video.id }).catch(() => {})
  }
  const onError = () => {
    // what this browser cannot play may be there in a form that it can
    if (stream !== null) return
    if (source.stream !== null && !failed.current) setStream(source.stream)
    else setBroken(true)
  }
  return (
    <div className="player">
      {/* biome-ignore lint/a11y/useMediaCaption: visitors upload what they have, with or without captions */}
      <video
        ref={element}
        src={stream === null ? source.url : undefined}
        poster={source.poster ?? undefined}
        controls
        playsInline
        preload="metadata"
        aria-label={video.title}
        onPlay={onPlay}
        onError={onError}
      >
        {source.captions.map(({ language, label, url }) => (
          <track key={language} kind="captions" src={url} srcLang={language} label={label} />
        ))}
      </video>
      <Quality heights={heights} chosen={chosen} onChoose={choose} />
      {broken && (
        <p className="player-broken" role="alert">
          This browser cannot play “{source.name}”. <a href={source.url}>Download it</a> instead.
        </p>
      )}
    </div>
  )
}
