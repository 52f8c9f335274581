import { type FormEvent, useState } from 'react'
import { api } from '../api.ts'
import { useSession } from '../hooks/session.tsx'
import { useAction } from '../hooks/use-action.ts'
import { AvatarField } from '../parts/avatar-field.tsx'
import { FormError, TextField } from '../parts/field.tsx'
import { Page } from '../parts/page.tsx'
import { Link, useAddress } from '../router.tsx'

export function SignUpPage() {
  const { searchParams, search } = useAddress()
  const [avatar, setAvatar] = useState<File | null>(null)
  const { enter } = useSession()
  const { run, busy, error } = useAction(async (form: FormData) => {
    await api.auth.signUp({
      name: String(form.get('name')),
      email: String(form.get('email')),
      password: String(form.get('password')),
      ...(avatar && { avatar }),
    })
    await enter(searchParams.get('next') ?? '/')
  })
  const signUp = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    run(new FormData(event.currentTarget))
  }
  return (
    <Page title="Pull up a stool" narrow>
      <form className="sheet" onSubmit={signUp}>
        <TextField label="Name" name="name" autoComplete="name" required minLength={2} maxLength={60} error={error} />
        <TextField label="E-mail" name="email" type="email" autoComplete="email" required error={error} />
        <TextField
          label="Password"
          name="password"
          type="password"
          autoComplete="new-password"
          hint="Long is better than odd: a short sentence is fine"
          required
          error={error}
        />
        <AvatarField chosen={avatar} onChoose={setAvatar} />
        <FormError error={error} fields={['name', 'email', 'password']} />
        <button type="submit" className="button button-main button-wide" disabled={busy}>
          {busy ? 'Making your account…' : 'Join'}
        </button>
        <p className="quiet">
          Been here before? <Link href={`/sign-in${search}`}>Sign in</Link>
        </p>
      </form>
    </Page>
  )
}
