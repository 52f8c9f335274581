import { useRef, useState } from 'react'
import type { LiveStream } from 'tapri/data'
import type { Channel } from '../api.ts'
import { ago } from '../format.ts'
import { useStream } from '../hooks/use-stream.ts'

/** Shows what a channel sends at this moment, from now on. */
export function LivePlayer({ channel, live }: { channel: Channel; live: LiveStream }) {
  const element = useRef<HTMLVideoElement>(null)
  const [broken, setBroken] = useState(false)
  useStream(element, live.stream, () => setBroken(true))
  return (
    <section className="live" aria-label="Live">
      <div className="player">
        <video ref={element} autoPlay muted controls playsInline aria-label={`${channel.name}, live`} />
        {broken && live.state === 'live' && (
          <p className="player-broken" role="alert">
            The line to {channel.name} is lost. Load the page again.
          </p>
        )}
      </div>
      <p className="processing">
        {live.state === 'live' ? (
          <>
            <span className="tag tag-live">Live</span>
            <span>
              began <time dateTime={live.since}>{ago(new Date(live.since))}</time>
            </span>
          </>
        ) : (
          <>{channel.name} has stopped. Thank you for watching.</>
        )}
      </p>
    </section>
  )
}
