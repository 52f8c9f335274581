import { type DragEvent, useId, useState } from 'react'
import { issueOf } from '../errors.ts'
import { bytes } from '../format.ts'
import { FilmIcon, UploadIcon } from './icons.tsx'

/** Takes a video, dropped or chosen. */
export function FileDrop(props: { chosen: File | null; locked: boolean; error: unknown; onChoose: (file: File) => void }) {
  const id = useId()
  const [over, setOver] = useState(false)
  const [refused, setRefused] = useState<string>()
  const { chosen, locked } = props
  const note = refused ?? issueOf(props.error, 'source')

  const choose = (file: File | undefined) => {
    if (!file || locked) return
    const isVideo = file.type.startsWith('video/')
    setRefused(isVideo ? undefined : `“${file.name}” is not a video`)
    if (isVideo) props.onChoose(file)
  }
  const onDrop = (event: DragEvent) => {
    event.preventDefault()
    setOver(false)
    choose(event.dataTransfer.files[0])
  }
  return (
    <div className="field">
      {/* biome-ignore lint/a11y/noStaticElementInteractions: dropping is an extra, the input inside does the same by keyboard */}
      <div
        className={over ? 'drop drop-over' : 'drop'}
        onDragOver={(event) => {
          event.preventDefault()
          setOver(true)
        }}
        onDragLeave={() => setOver(false)}
        onDrop={onDrop}
      >
        <input
          id={id}
          className="unseen"
          type="file"
          accept="video/*"
          disabled={locked}
          onChange={(event) => choose(event.target.files?.[0])}
        />
        {chosen ? <FilmIcon /> : <UploadIcon />}
        <p>{chosen ? <strong>{chosen.name}</strong> : 'Drop a video here'}</p>
        <p className="quiet">{chosen ? bytes(chosen.size) : 'Any format, up to 2 GB'}</p>
        {!locked && (
          <label className="button" htmlFor={id}>
            {chosen ? 'Choose another' : 'Choose a video'}
          </label>
        )}
      </div>
      {note && (
        <p className="note note-bad" role="alert">
          {note}
        </p>
      )}
    </div>
  )
}
