import { createContext, type ReactNode, useContext, useEffect, useState } from 'react'
import { api, type Me } from '../api.ts'

interface Session {
  /** The signed-in user, null for a visitor, undefined while that is not known yet. */
  readonly user: Me | null | undefined
  /** Asks the server again, after the profile was changed. */
  refresh(): Promise<void>
}
const SessionContext = createContext<Session>({ user: undefined, refresh: async () => {} })

export function SessionProvider({ children }: { children: ReactNode }) {
  const [user, setUser] = useState<Me | null>()
  const refresh = () => api.auth.me().then(setUser)
  useEffect(() => {
    api.auth.me().then(setUser, () => setUser(null))
  }, [])
  return <SessionContext value={{ user, refresh }}>{children}</SessionContext>
}

export const useSession = () => useContext(SessionContext)

/** Shows a page as somebody else. The page is loaded anew, since everything live belongs to one session. */
export function enterAs(next = '/'): void {
  // only a path of this site: `//evil.test` would be another one
  location.assign(/^\/(?![/\\])/.test(next) ? next : '/')
}

/** The sign-in page, which leads back here. */
export function signInHere(): string {
  return `/sign-in?next=${encodeURIComponent(location.pathname)}`
}
