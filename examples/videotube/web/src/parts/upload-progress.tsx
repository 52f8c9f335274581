import { useEffect, useId } from 'react'
import { bytes } from '../format.ts'

/** How far an upload is; closing the tab meanwhile is asked about. */
export function UploadProgress({ sent, total, onCancel }: { sent: number; total: number; onCancel: () => void }) {
  const id = useId()
  useEffect(() => {
    const ask = (event: BeforeUnloadEvent) => event.preventDefault()
    addEventListener('beforeunload', ask)
    return () => removeEventListener('beforeunload', ask)
  }, [])
  const percent = total === 0 ? 0 : Math.floor((sent / total) * 100)
  return (
    <div className="upload-progress">
      <label htmlFor={id}>{sent < total ? `Uploading, ${percent}%` : 'Stirring it in…'}</label>
      <progress id={id} value={sent} max={Math.max(total, 1)} />
      <p className="quiet">
        {bytes(sent)} of {bytes(total)}
      </p>
      <button type="button" className="button" onClick={onCancel}>
        Cancel
      </button>
    </div>
  )
}
