import { createContext, Fragment, type ReactNode, useCallback, useContext, useEffect, useState } from 'react'
import { api, type Me } from '../api.ts'
import { navigate } from '../router.tsx'

interface Session {
  /** The signed-in user, null for a visitor, undefined while that is not known yet. */
  readonly user: Me | null | undefined
  /** Asks the server again, after the profile was changed. */
  refresh(): Promise<void>
  /** Goes on as whom the server now knows, after signing in or out. */
  enter(next?: string): Promise<void>
}
const SessionContext = createContext<Session>({ user: undefined, refresh: async () => {}, enter: async () => {} })

export function SessionProvider({ children }: { children: ReactNode }) {
  const [user, setUser] = useState<Me | null>()
  const [entry, setEntry] = useState(0)
  const refresh = () => api.auth.me().then(setUser)
  useEffect(() => {
    api.auth.me().then(setUser, () => setUser(null))
  }, [])
  const begin = useCallback(async () => {
    setUser(await api.auth.me())
    setEntry((last) => last + 1)
  }, [])
  const isMember = user?.id !== undefined
  // another tab may sign out
  useEffect(() => (isMember ? api.auth.me.live({}, () => {}, { onError: begin }) : undefined), [isMember, begin])
  const enter = async (next = '/') => {
    await begin()
    // only a path of this site: `//evil.test` would be another one
    navigate(/^\/(?![/\\])/.test(next) ? next : '/', { replace: true })
  }
  return (
    <SessionContext value={{ user, refresh, enter }}>
      {/* everything below is made anew for somebody else: nothing of the one before stays on the page */}
      <Fragment key={entry}>{children}</Fragment>
    </SessionContext>
  )
}

export const useSession = () => useContext(SessionContext)

/** The sign-in page, which leads back here. */
export function signInHere(): string {
  return `/sign-in?next=${encodeURIComponent(location.pathname)}`
}
