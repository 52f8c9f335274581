import { useEffect, useRef, useState } from 'react'
import type { Id } from 'tapri/data'
import { useLive } from 'tapri/react'
import { api, type Comment } from '../api.ts'
import { signInHere, useSession } from '../hooks/session.tsx'
import { comment } from '../optimistic.ts'
import { Link } from '../router.tsx'
import { CommentForm } from './comment-form.tsx'
import { CommentItem } from './comment-item.tsx'
import { Failure, Skeletons } from './states.tsx'

/** What people say about a video; whatever anyone writes appears here at once. */
export function Comments({ video, amount }: { video: Id<'videos'>; amount: number | undefined }) {
  const { user } = useSession()
  const { value: comments, error } = useLive(api.comments.list, { video })
  return (
    <section className="comments" aria-labelledby="comments-title">
      <h2 id="comments-title">
        Comments {amount !== undefined && <span className="quiet">{amount}</span>}
        <span className="live-dot" title="New comments appear by themselves" aria-hidden="true" />
      </h2>
      {user && <CommentForm label="Add a comment" action="Comment" onSend={(text) => comment(video, text, user)} />}
      {user === null && (
        <p className="quiet">
          <Link href={signInHere()}>Sign in</Link> to say something.
        </p>
      )}
      {error !== undefined && <Failure error={error} />}
      {!comments && !error && <Skeletons amount={3} kind="line" />}
      {comments?.length === 0 && <p className="quiet">Nobody has said anything yet. Be the first.</p>}
      <ul>
        {comments?.map((shown) => (
          <CommentItem key={shown.id} comment={shown} own={shown.author.id === user?.id} />
        ))}
      </ul>
      <NewComment newest={comments?.[0]} own={user?.id} />
    </section>
  )
}

/** Reads out a comment of somebody else when it arrives, but not those that were there before. */
function NewComment({ newest, own }: { newest: Comment | undefined; own: Id<'users'> | undefined }) {
  const known = useRef<Date>(null)
  const [text, setText] = useState('')
  useEffect(() => {
    if (!newest) return
    const isNew = known.current !== null && newest.at > known.current
    if (isNew && newest.author.id !== own) setText(`${newest.author.name} says: ${newest.text}`)
    known.current = newest.at
  }, [newest, own])
  return (
    <p className="unseen" aria-live="polite">
      {text}
    </p>
  )
}
