import { useState } from 'react'
import { api, type Comment } from '../api.ts'
import { messageOf } from '../errors.ts'
import { ago } from '../format.ts'
import { useToast } from '../hooks/toasts.tsx'
import { editComment } from '../optimistic.ts'
import { Link } from '../router.tsx'
import { Avatar } from './avatar.tsx'
import { CommentForm } from './comment-form.tsx'
import { Confirm } from './confirm.tsx'
import { BinIcon, PencilIcon } from './icons.tsx'

export function CommentItem({ comment, own }: { comment: Comment; own: boolean }) {
  const [doing, setDoing] = useState<'edit' | 'remove'>()
  const { id, author, text, at, isWaiting } = comment
  const toast = useToast()
  const done = () => setDoing(undefined)
  return (
    <li className={`comment ${own ? 'own' : ''} ${isWaiting ? 'waiting' : ''}`}>
      <Avatar person={author} />
      <div className="comment-body">
        <p className="comment-head">
          <Link href={`/channel/${author.id}`}>{author.name}</Link>
          <time className="quiet" dateTime={at.toISOString()}>
            {ago(at)}
          </time>
        </p>
        {doing === 'edit' ? (
          <CommentForm
            label="Edit your comment"
            action="Save"
            text={text}
            onSend={(changed) => {
              done()
              return editComment(comment, changed).catch((error) => toast({ text: messageOf(error) }))
            }}
            onCancel={done}
          />
        ) : (
          <p className="comment-text">{text}</p>
        )}
      </div>
      {own && !doing && !isWaiting && (
        <div className="comment-actions">
          <button type="button" className="icon-button" aria-label="Edit your comment" onClick={() => setDoing('edit')}>
            <PencilIcon />
          </button>
          <button type="button" className="icon-button" aria-label="Delete your comment" onClick={() => setDoing('remove')}>
            <BinIcon />
          </button>
        </div>
      )}
      {doing === 'remove' && (
        <Confirm title="Delete this comment?" action="Delete" onConfirm={() => api.comments.remove({ id })} onClose={done}>
          “{text.length > 80 ? `${text.slice(0, 80)}…` : text}” will be gone for everyone.
        </Confirm>
      )}
    </li>
  )
}
