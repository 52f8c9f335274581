import { useId, useSyncExternalStore } from 'react'
import type { Upload } from 'tapri/upload'
import { bytes } from '../format.ts'

const words = { sending: 'Uploading', waiting: 'Waiting for the line', paused: 'Paused' }

/** How far an upload is, and what can be done about it. */
export function UploadProgress({ sending, onCancel }: { sending: Upload; onCancel: () => void }) {
  const id = useId()
  const { stage, sent, total } = useSyncExternalStore(
    (changed) => sending.onState(changed),
    () => sending.state,
  )
  const percent = total === 0 ? 0 : Math.floor((sent / total) * 100)
  const isOpen = stage === 'sending' || stage === 'waiting' || stage === 'paused'
  return (
    <div className="upload-progress">
      <label htmlFor={id}>{isOpen ? `${words[stage]}, ${percent}%` : 'Stirring it in…'}</label>
      <progress id={id} value={sent} max={Math.max(total, 1)} />
      <p className="quiet">
        {bytes(sent)} of {bytes(total)}
      </p>
      <div className="buttons">
        {stage === 'paused' ? (
          <button type="button" className="button button-main" onClick={() => sending.resume()}>
            Go on
          </button>
        ) : (
          <button type="button" className="button" disabled={!isOpen} onClick={() => sending.pause()}>
            Pause
          </button>
        )}
        <button type="button" className="button" onClick={onCancel}>
          Cancel
        </button>
      </div>
    </div>
  )
}
