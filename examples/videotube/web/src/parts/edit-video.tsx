import type { FormEvent } from 'react'
import { api, type OwnVideo } from '../api.ts'
import { useAction } from '../hooks/use-action.ts'
import { Dialog } from './dialog.tsx'
import { FormError, LongTextField, TextField } from './field.tsx'

export function EditVideo({ video, onClose }: { video: OwnVideo; onClose: () => void }) {
  const { run, busy, error } = useAction((form: FormData) =>
    api.videos.update({
      id: video.id,
      title: String(form.get('title')),
      description: String(form.get('description')),
      published: video.published,
    }),
  )
  const save = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    if (await run(new FormData(event.currentTarget))) onClose()
  }
  return (
    <Dialog title="Edit video" onClose={onClose}>
      <form className="fields" onSubmit={save}>
        <TextField label="Title" name="title" defaultValue={video.title} required minLength={3} maxLength={120} error={error} />
        <LongTextField
          label="Description"
          name="description"
          rows={6}
          defaultValue={video.description}
          maxLength={5000}
          error={error}
        />
        <FormError error={error} fields={['title', 'description']} />
        <footer>
          <button type="button" className="button" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className="button button-main" disabled={busy}>
            Save
          </button>
        </footer>
      </form>
    </Dialog>
  )
}
