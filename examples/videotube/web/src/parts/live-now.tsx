import { useLive } from 'tapri/react'
import { api } from '../api.ts'
import { Link } from '../router.tsx'
import { Avatar } from './avatar.tsx'

/** Who is live at this moment; nothing when nobody is. */
export function LiveNow() {
  const { value: channels = [] } = useLive(api.channels.live)
  const sending = channels.filter(({ live }) => live?.state === 'live')
  if (sending.length === 0) return null
  return (
    <ul className="live-now" aria-label="Live now">
      {sending.map((channel) => (
        <li key={channel.id}>
          <Link className="button" href={`/channel/${channel.id}`}>
            <Avatar person={channel} /> {channel.name} <span className="tag tag-live">Live</span>
          </Link>
        </li>
      ))}
    </ul>
  )
}
