import { type FormEvent, useEffect, useRef, useState } from 'react'
import { useAction } from '../hooks/use-action.ts'
import { FormError, LongTextField, TextField } from '../parts/field.tsx'
import { FileDrop } from '../parts/file-drop.tsx'
import { Guarded } from '../parts/guarded.tsx'
import { Page } from '../parts/page.tsx'
import { UploadProgress } from '../parts/upload-progress.tsx'
import { navigate } from '../router.tsx'
import { uploadVideo } from '../upload-video.ts'

export function UploadPage() {
  return <Guarded title="Upload a video">{() => <UploadForm />}</Guarded>
}

function UploadForm() {
  const [source, setSource] = useState<File | null>(null)
  const [progress, setProgress] = useState<{ sent: number; total: number }>()
  const leave = useRef<AbortController>(null)

  const { run, busy, error } = useAction(async (form: FormData, file: File) => {
    leave.current = new AbortController()
    const { signal } = leave.current
    setProgress({ sent: 0, total: file.size })
    const about = {
      title: String(form.get('title')),
      description: String(form.get('description')),
      published: form.get('published') === 'on',
    }
    try {
      const id = await uploadVideo(file, about, { signal, onProgress: setProgress })
      navigate(`/watch/${id}`, { replace: true })
    } catch (cause) {
      // a cancelled upload is what the visitor wanted
      if (!signal.aborted) throw cause
    } finally {
      setProgress(undefined)
    }
  })
  // leaving the page cancels what it had begun
  useEffect(() => () => leave.current?.abort(), [])

  const send = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    if (source) run(new FormData(event.currentTarget), source)
  }

  return (
    <Page title="Upload a video" narrow>
      <form className="sheet" onSubmit={send}>
        <FileDrop chosen={source} locked={busy} error={error} onChoose={setSource} />
        {source && (
          <fieldset className="fields" aria-label="About the video">
            <TextField
              key={source.name}
              label="Title"
              name="title"
              defaultValue={titleOf(source)}
              required
              minLength={3}
              maxLength={120}
              readOnly={busy}
              error={error}
            />
            <LongTextField label="Description" name="description" maxLength={5000} readOnly={busy} error={error} />
            <label className="check">
              <input type="checkbox" name="published" defaultChecked disabled={busy} /> Publish it as soon as it is up
            </label>
          </fieldset>
        )}
        <FormError error={error} fields={['title', 'description']} />
        {progress ? (
          <UploadProgress {...progress} onCancel={() => leave.current?.abort()} />
        ) : (
          <button type="submit" className="button button-main button-wide" disabled={!source || busy}>
            Upload
          </button>
        )}
      </form>
    </Page>
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
