import type { ReactNode } from 'react'
import type { Me } from '../api.ts'
import { signInHere, useSession } from '../hooks/session.tsx'
import { Link } from '../router.tsx'
import { Page } from './page.tsx'
import { Empty, Skeletons } from './states.tsx'

/** A page for signed-in people; others are shown the way in, and back. */
export function Guarded({ title, children }: { title: string; children: (user: Me) => ReactNode }) {
  const { user } = useSession()
  if (user) return children(user)
  return (
    <Page title={title} narrow>
      {user === undefined ? (
        <Skeletons amount={3} kind="line" />
      ) : (
        <Empty title="Sign in first">
          <p>This page belongs to people with an account.</p>
          <Link className="button button-main" href={signInHere()}>
            Sign in
          </Link>
        </Empty>
      )}
    </Page>
  )
}
