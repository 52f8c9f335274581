import { type ReactNode, useEffect, useState } from 'react'
import type { Id } from 'tapri/data'
import { api, type Video } from '../api.ts'
import { useAction } from '../hooks/use-action.ts'
import { useLoad } from '../hooks/use-load.ts'
import { FormError } from './field.tsx'
import { Failure, Skeletons } from './states.tsx'
import { VideoCard } from './video-card.tsx'

interface Wanted {
  readonly q?: string
  readonly owner?: Id<'users'>
}

/** Published videos, a page at a time. */
export function VideoGrid({ wanted, empty }: { wanted: Wanted; empty: ReactNode }) {
  const first = useLoad(() => api.videos.list(wanted), [wanted.q, wanted.owner])
  const [rows, setRows] = useState<readonly Video[]>([])
  const [next, setNext] = useState<string | null>(null)
  useEffect(() => {
    setRows(first.value?.rows ?? [])
    setNext(first.value?.next ?? null)
  }, [first.value])

  const more = useAction(async (after: string) => {
    const page = await api.videos.list({ ...wanted, after })
    setRows((shown) => [...shown, ...page.rows])
    setNext(page.next)
  })

  if (first.error) return <Failure error={first.error} retry={first.reload} />
  if (first.value === undefined) {
    return (
      <div className="grid" aria-busy="true">
        <Skeletons amount={8} kind="card" />
      </div>
    )
  }
  if (first.value.rows.length === 0) return empty
  return (
    <>
      <ul className="grid">
        {rows.map((video) => (
          <li key={video.id}>
            <VideoCard video={video} />
          </li>
        ))}
      </ul>
      <FormError error={more.error} />
      {next !== null && (
        <button type="button" className="button more" disabled={more.busy} onClick={() => more.run(next)}>
          {more.busy ? 'Pouring…' : 'Load more'}
        </button>
      )}
    </>
  )
}
