import { api, type OwnVideo } from '../api.ts'
import { ago, bytes, count } from '../format.ts'
import { useToast } from '../hooks/toasts.tsx'
import { useAction } from '../hooks/use-action.ts'
import { Link } from '../router.tsx'
import { BinIcon, PencilIcon } from './icons.tsx'
import { Processing } from './processing.tsx'
import { Thumbnail } from './thumbnail.tsx'

export function StudioRow({ video, onEdit, onRemove }: { video: OwnVideo; onEdit: () => void; onRemove: () => void }) {
  const { id, title, description, published } = video
  const toast = useToast()
  const { run, busy } = useAction(() => api.videos.update({ id, title, description, published: !published }))
  const turn = async () => {
    if (!(await run())) toast({ text: `“${title}” stayed as it was: try again` })
  }
  return (
    <li className="studio-row">
      <Thumbnail source={video.source} />
      <div className="studio-text">
        <h2>
          <Link href={`/watch/${id}`}>{title}</Link> {!video.source && <span className="tag">On its way</span>}
        </h2>
        {video.source ? (
          <Processing source={video.source} />
        ) : (
          <p className="processing">
            <Link href={`/upload?video=${id}`}>Go on with the upload</Link>
          </p>
        )}
        <p className="quiet">
          {count(video.views, 'view')} · {video.source && `${bytes(video.source.size)} · `}
          {ago(video.at)}
        </p>
      </div>
      <label className="switch">
        <input
          type="checkbox"
          role="switch"
          checked={published}
          aria-checked={published}
          disabled={busy || !video.source}
          onChange={turn}
        />
        <span>{published ? 'Published' : 'Hidden'}</span>
      </label>
      <div className="studio-actions">
        <button type="button" className="icon-button" aria-label={`Edit “${title}”`} onClick={onEdit}>
          <PencilIcon />
        </button>
        <button type="button" className="icon-button" aria-label={`Delete “${title}”`} onClick={onRemove}>
          <BinIcon />
        </button>
      </div>
    </li>
  )
}
