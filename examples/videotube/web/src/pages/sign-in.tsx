import type { FormEvent } from 'react'
import { api } from '../api.ts'
import { useSession } from '../hooks/session.tsx'
import { useAction } from '../hooks/use-action.ts'
import { FormError, TextField } from '../parts/field.tsx'
import { Page } from '../parts/page.tsx'
import { Link, useAddress } from '../router.tsx'

export function SignInPage() {
  const { searchParams, search } = useAddress()
  const { enter } = useSession()
  const { run, busy, error } = useAction(async (form: FormData) => {
    await api.auth.signIn({ email: String(form.get('email')), password: String(form.get('password')) })
    await enter(searchParams.get('next') ?? '/')
  })
  const signIn = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    run(new FormData(event.currentTarget))
  }
  return (
    <Page title="Welcome back" narrow>
      <form className="sheet" onSubmit={signIn}>
        <TextField label="E-mail" name="email" type="email" autoComplete="email" required error={error} />
        <TextField label="Password" name="password" type="password" autoComplete="current-password" required error={error} />
        <FormError error={error} fields={['email', 'password']} />
        <button type="submit" className="button button-main button-wide" disabled={busy}>
          {busy ? 'Signing in…' : 'Sign in'}
        </button>
        <p className="quiet">
          New here? <Link href={`/sign-up${search}`}>Make an account</Link>
        </p>
      </form>
    </Page>
  )
}
