import type { Channel } from '../api.ts'
import { messageOf } from '../errors.ts'
import { signInHere, useSession } from '../hooks/session.tsx'
import { useToast } from '../hooks/toasts.tsx'
import { follow } from '../optimistic.ts'
import { Link } from '../router.tsx'

export function FollowButton({ channel }: { channel: Channel }) {
  const { user } = useSession()
  const toast = useToast()
  if (user?.id === channel.id) {
    return (
      <Link className="button" href="/profile">
        Edit profile
      </Link>
    )
  }
  const press = () => {
    if (user) follow(channel.id, !channel.following).catch((error) => toast({ text: messageOf(error) }))
    else toast({ text: `Sign in to follow ${channel.name}`, href: signInHere() })
  }
  return (
    <button
      type="button"
      className={channel.following ? 'button' : 'button button-main'}
      aria-pressed={channel.following}
      disabled={user === undefined}
      onClick={press}
    >
      {channel.following ? 'Following' : 'Follow'}
    </button>
  )
}
