import { useEffect, useState } from 'react'
import type { Id } from 'tapri/data'
import { useLive } from 'tapri/react'
import { api, type Video, type VideoPage } from '../api.ts'
import { useAction } from './use-action.ts'

export interface Wanted {
  readonly q?: string
  readonly owner?: Id<'users'>
}

interface Shelf {
  /** Newest first: the live page on top, and what was below it. */
  readonly videos: readonly Video[]
  /** Those that came since and would push down what somebody looks at: they wait until they are asked for. */
  readonly held: ReadonlySet<string>
}

/** Published videos: they change in place, new ones are counted until `showNew`, older ones come a page at a time. */
export function useShelf(wanted: Wanted) {
  const { value: page, error } = useLive(api.videos.list, wanted)
  const [shelf, setShelf] = useState<Shelf>()
  const [end, setEnd] = useState<string | null>()
  useEffect(() => {
    if (page) setShelf((before) => stocked(before, page))
  }, [page])

  const more = useAction(async (after: string) => {
    const { rows, next } = await api.videos.list({ ...wanted, after })
    setShelf((before) => before && { ...before, videos: joined(before.videos, rows) })
    setEnd(next)
  })
  return {
    error,
    videos: shelf?.videos.filter(({ id }) => !shelf.held.has(id)),
    fresh: shelf?.held.size ?? 0,
    showNew: () => setShelf((before) => before && { ...before, held: new Set() }),
    /** Where the older ones begin; null when there are none. */
    next: end === undefined ? (page?.next ?? null) : end,
    more,
  }
}

function stocked(before: Shelf | undefined, { rows, next }: VideoPage): Shelf {
  if (before === undefined) return { videos: rows, held: new Set() }
  const end = next === null ? undefined : rows.at(-1)
  // of what stood higher, whatever is not on the live page any more was hidden or removed
  const below = before.videos.filter(({ at }) => end !== undefined && at <= end.at)
  const videos = joined(rows, below)
  const known = new Set(before.videos.map(({ id }) => id))
  const waits = ({ id }: Video) => before.held.has(id) || !known.has(id)
  const last = videos.findLast((video) => !waits(video))
  // what goes behind all that is shown moves nothing
  const isNew = (video: Video) => last !== undefined && video.at > last.at && waits(video)
  return { videos, held: new Set(videos.filter(isNew).map(({ id }) => id)) }
}

function joined(first: readonly Video[], rest: readonly Video[]): readonly Video[] {
  const known = new Set(first.map(({ id }) => id))
  return [...first, ...rest.filter(({ id }) => !known.has(id))]
}
