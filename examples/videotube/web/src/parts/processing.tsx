import type { StoredVideo } from 'tapri/data'

/** How far the work on a video has come; nothing when it is ready. It is live with the row. */
export function Processing({ source: { processing } }: { source: StoredVideo }) {
  const { state, progress, reason } = processing
  if (state === 'ready' || state === 'cancelled') return null
  if (state === 'failed' || state === 'unavailable') {
    return <p className="processing quiet">The original is played. {reason}</p>
  }
  const percent = Math.floor(progress * 100)
  return (
    <p className="processing" role="status">
      <progress value={progress} aria-label="Getting ready" /> Brewing every size of it, {percent}%
    </p>
  )
}
