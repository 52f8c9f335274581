import type { Id } from 'tapri/data'
import { messageOf } from '../errors.ts'
import { count } from '../format.ts'
import { signInHere, useSession } from '../hooks/session.tsx'
import { useToast } from '../hooks/toasts.tsx'
import { like } from '../optimistic.ts'
import { HeartIcon } from './icons.tsx'

export function LikeButton({ video, likes, liked }: { video: Id<'videos'>; likes: number; liked: boolean }) {
  const { user } = useSession()
  const toast = useToast()
  const press = () => {
    if (user) like(video, !liked).catch((error) => toast({ text: messageOf(error) }))
    else toast({ text: 'Sign in to like this video', href: signInHere() })
  }
  return (
    <button type="button" className="button like" aria-pressed={liked} disabled={user === undefined} onClick={press}>
      <HeartIcon />
      {count(likes, 'like')}
    </button>
  )
}
