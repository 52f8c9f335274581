import { useState } from 'react'
import { api } from '../api.ts'
import { useAction } from '../hooks/use-action.ts'
import { FormError } from './field.tsx'

/** Gives the address that an encoder sends to; each new one makes the last void. */
export function GoLive() {
  const [address, setAddress] = useState<string>()
  const { run, busy, error } = useAction(async () => {
    const { url } = await api.channels.goLive()
    setAddress(String(new URL(url, location.origin)))
  })
  return (
    <section className="sheet go-live" aria-label="Go live">
      <h2>Go live</h2>
      <p className="quiet">Send from ffmpeg, or from anything that sends MPEG-TS over HTTP; it shows on your channel.</p>
      {address && <pre>{`ffmpeg -re -i film.mp4 -c:v libx264 -g 60 -c:a aac -f mpegts "${address}"`}</pre>}
      <FormError error={error} />
      <button type="button" className="button" disabled={busy} onClick={run}>
        {address ? 'Get another address' : 'Get a secret address'}
      </button>
    </section>
  )
}
