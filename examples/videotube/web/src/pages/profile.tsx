import { type FormEvent, useState } from 'react'
import { api, type Me } from '../api.ts'
import { useSession } from '../hooks/session.tsx'
import { useToast } from '../hooks/toasts.tsx'
import { useAction } from '../hooks/use-action.ts'
import { Avatar } from '../parts/avatar.tsx'
import { AvatarField } from '../parts/avatar-field.tsx'
import { FormError, LongTextField, TextField } from '../parts/field.tsx'
import { Guarded } from '../parts/guarded.tsx'
import { Page } from '../parts/page.tsx'

export function ProfilePage() {
  return (
    <Guarded title="Profile">
      {(user) => (
        <Page title="Profile" narrow>
          <Words user={user} />
          <Picture user={user} />
        </Page>
      )}
    </Guarded>
  )
}

function Words({ user }: { user: Me }) {
  const { refresh } = useSession()
  const toast = useToast()
  const { run, busy, error } = useAction(async (form: FormData) => {
    await api.channels.update({ name: String(form.get('name')), about: String(form.get('about')) || null })
    await refresh()
  })
  const save = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    if (await run(new FormData(event.currentTarget))) toast({ text: 'Your profile is saved' })
  }
  return (
    <form className="sheet" onSubmit={save}>
      <TextField label="Name" name="name" defaultValue={user.name} required minLength={2} maxLength={60} error={error} />
      <LongTextField
        label="About your channel"
        name="about"
        defaultValue={user.about ?? ''}
        maxLength={1000}
        hint="Shown on your channel page"
        error={error}
      />
      <FormError error={error} fields={['name', 'about']} />
      <button type="submit" className="button button-main" disabled={busy}>
        Save
      </button>
    </form>
  )
}

function Picture({ user }: { user: Me }) {
  const { refresh } = useSession()
  const toast = useToast()
  const [chosen, setChosen] = useState<File | null>(null)
  const { run, busy, error } = useAction(async (avatar: File | null) => {
    await api.channels.setAvatar({ avatar })
    setChosen(null)
    await refresh()
  })
  const save = async (avatar: File | null) => {
    if (await run(avatar)) toast({ text: avatar ? 'Your picture is saved' : 'Your picture is gone' })
  }
  return (
    <section className="sheet" aria-label="Picture">
      {!chosen && <Avatar person={user} large />}
      <AvatarField chosen={chosen} onChoose={setChosen} />
      <FormError error={error} />
      <div className="buttons">
        <button type="button" className="button button-main" disabled={busy || !chosen} onClick={() => save(chosen)}>
          Use this picture
        </button>
        {user.avatar && (
          <button type="button" className="button" disabled={busy} onClick={() => save(null)}>
            Remove picture
          </button>
        )}
      </div>
    </section>
  )
}
