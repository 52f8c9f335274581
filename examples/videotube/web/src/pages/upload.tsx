import { type FormEvent, useState } from 'react'
import { api, toId, type Video } from '../api.ts'
import { useLoad } from '../hooks/use-load.ts'
import { useUpload } from '../hooks/use-upload.ts'
import { FormError, LongTextField, TextField } from '../parts/field.tsx'
import { FileDrop } from '../parts/file-drop.tsx'
import { Guarded } from '../parts/guarded.tsx'
import { Page } from '../parts/page.tsx'
import { Failure, Skeletons } from '../parts/states.tsx'
import { UploadProgress } from '../parts/upload-progress.tsx'

export function UploadPage() {
  return (
    <Guarded title="Upload a video">
      {() => (
        <Page title="Upload a video" narrow>
          <Upload />
        </Page>
      )}
    </Guarded>
  )
}

/** A new video, or the one that the address names, whose file did not get here whole. */
function Upload() {
  const [id] = useState(() => new URLSearchParams(location.search).get('video'))
  const { value: begun, error } = useLoad(async () => (id === null ? null : api.videos.get({ id: toId(id) })), [id])
  if (error) return <Failure error={error} />
  return begun === undefined ? <Skeletons amount={3} kind="line" /> : <UploadForm begun={begun} />
}

function UploadForm({ begun }: { begun: Video | null }) {
  const [source, setSource] = useState<File | null>(null)
  const { run, busy, error, sending, cancel } = useUpload(begun?.id ?? null)

  const send = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const about = {
      title: String(form.get('title')),
      description: String(form.get('description')),
      published: form.get('published') === 'on',
    }
    if (source) run(source, about)
  }
  return (
    <form className="sheet" onSubmit={send}>
      {begun && !source && (
        <p className="note">“{begun.title}” is not here whole yet: choose its file again, and it goes on where it stopped.</p>
      )}
      <FileDrop chosen={source} locked={busy} error={error} onChoose={setSource} />
      {source && (
        <fieldset className="fields" aria-label="About the video">
          <TextField
            key={source.name}
            label="Title"
            name="title"
            defaultValue={begun?.title ?? titleOf(source)}
            required
            minLength={3}
            maxLength={120}
            readOnly={busy}
            error={error}
          />
          <LongTextField
            label="Description"
            name="description"
            defaultValue={begun?.description}
            maxLength={5000}
            readOnly={busy}
            error={error}
          />
          <label className="check">
            <input type="checkbox" name="published" defaultChecked disabled={busy} /> Publish it as soon as it is up
          </label>
        </fieldset>
      )}
      <FormError error={error ?? cancel.error} fields={['title', 'description']} />
      {sending ? (
        <UploadProgress sending={sending} onCancel={cancel.run} />
      ) : (
        <button type="submit" className="button button-main button-wide" disabled={!source || busy || cancel.busy}>
          Upload
        </button>
      )}
    </form>
  )
}

/** `holiday_by-the.sea.mp4` as `Holiday by the.sea`. */
function titleOf(file: File): string {
  const words = file.name
    .replace(/\.[^.]+$/, '')
    .replace(/[_-]+/g, ' ')
    .trim()
  return (words.charAt(0).toUpperCase() + words.slice(1)).slice(0, 120)
}
