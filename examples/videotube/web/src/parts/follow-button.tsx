import { api, type Channel } from '../api.ts'
import { signInHere, useSession } from '../hooks/session.tsx'
import { useToast } from '../hooks/toasts.tsx'
import { useAction } from '../hooks/use-action.ts'
import { Link } from '../router.tsx'

export function FollowButton({ channel }: { channel: Channel }) {
  const { user } = useSession()
  const toast = useToast()
  const { run, busy } = useAction(() => api.channels.follow({ id: channel.id, following: !channel.following }))
  if (user?.id === channel.id) {
    return (
      <Link className="button" href="/profile">
        Edit profile
      </Link>
    )
  }
  const press = async () => {
    if (!user) toast({ text: `Sign in to follow ${channel.name}`, href: signInHere() })
    else if (!(await run())) toast({ text: 'That did not arrive: try again' })
  }
  return (
    <button
      type="button"
      className={channel.following ? 'button' : 'button button-main'}
      aria-pressed={channel.following}
      disabled={busy || user === undefined}
      onClick={press}
    >
      {channel.following ? 'Following' : 'Follow'}
    </button>
  )
}
