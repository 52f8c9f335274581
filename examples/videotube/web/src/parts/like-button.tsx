import type { Id } from 'tapri/data'
import { api } from '../api.ts'
import { count } from '../format.ts'
import { signInHere, useSession } from '../hooks/session.tsx'
import { useToast } from '../hooks/toasts.tsx'
import { useAction } from '../hooks/use-action.ts'
import { HeartIcon } from './icons.tsx'

export function LikeButton({ video, likes, liked }: { video: Id<'videos'>; likes: number; liked: boolean }) {
  const { user } = useSession()
  const toast = useToast()
  const { run, busy } = useAction(() => api.videos.like({ id: video, liked: !liked }))
  const press = async () => {
    if (!user) toast({ text: 'Sign in to like this video', href: signInHere() })
    else if (!(await run())) toast({ text: 'That like did not arrive: try again' })
  }
  return (
    <button type="button" className="button like" aria-pressed={liked} disabled={busy || user === undefined} onClick={press}>
      <HeartIcon />
      {count(likes, 'like')}
    </button>
  )
}
