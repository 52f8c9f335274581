import { useState } from 'react'
import { useLive } from 'tapri/react'
import { api, type OwnVideo } from '../api.ts'
import { Confirm } from '../parts/confirm.tsx'
import { EditVideo } from '../parts/edit-video.tsx'
import { GoLive } from '../parts/go-live.tsx'
import { Guarded } from '../parts/guarded.tsx'
import { Page } from '../parts/page.tsx'
import { Empty, Failure, Skeletons } from '../parts/states.tsx'
import { StudioRow } from '../parts/studio-row.tsx'
import { Link } from '../router.tsx'

export function StudioPage() {
  return <Guarded title="Studio">{() => <Studio />}</Guarded>
}

/** One's own videos, published or not; views count up while you look. */
function Studio() {
  const { value: videos, error } = useLive(api.videos.mine, {})
  const [doing, setDoing] = useState<{ what: 'edit' | 'remove'; video: OwnVideo }>()
  const done = () => setDoing(undefined)
  const upload = (
    <Link className="button button-main" href="/upload">
      Upload a video
    </Link>
  )
  return (
    <Page title="Studio" aside={upload}>
      {error !== undefined && <Failure error={error} />}
      {!videos && !error && <Skeletons amount={4} kind="row" />}
      {videos?.length === 0 && (
        <Empty title="An empty shelf">
          <p>The videos that you upload are kept here, published or not.</p>
        </Empty>
      )}
      <ul className="studio">
        {videos?.map((video) => (
          <StudioRow
            key={video.id}
            video={video}
            onEdit={() => setDoing({ what: 'edit', video })}
            onRemove={() => setDoing({ what: 'remove', video })}
          />
        ))}
      </ul>
      <GoLive />
      {doing?.what === 'edit' && <EditVideo video={doing.video} onClose={done} />}
      {doing?.what === 'remove' && (
        <Confirm
          title="Delete this video?"
          action="Delete for good"
          onConfirm={() => api.videos.remove({ id: doing.video.id })}
          onClose={done}
        >
          “{doing.video.title}” goes with its file, its comments and its likes.
        </Confirm>
      )}
    </Page>
  )
}
