import { useSession } from '../hooks/session.tsx'
import { Link } from '../router.tsx'
import { AccountMenu } from './account-menu.tsx'
import { Bell } from './bell.tsx'
import { UploadIcon } from './icons.tsx'
import { Logo } from './logo.tsx'
import { SearchBox } from './search-box.tsx'
import { ThemeButton } from './theme-button.tsx'

export function Header() {
  const { user } = useSession()
  return (
    <header className="top">
      <div className="top-bar">
        <Link className="brand" href="/" aria-label="VideoTube, all videos">
          <Logo />
          <span>
            Video<b>Tube</b>
          </span>
        </Link>
        <SearchBox />
        <nav className="top-actions" aria-label="You">
          <ThemeButton />
          {user && (
            <>
              <Bell />
              <Link className="button button-main upload-link" href="/upload" aria-label="Upload a video">
                <UploadIcon />
                <span>Upload</span>
              </Link>
              <AccountMenu user={user} />
            </>
          )}
          {user === null && (
            <>
              <Link className="button" href="/sign-in">
                Sign in
              </Link>
              <Link className="button button-main join-link" href="/sign-up">
                Join
              </Link>
            </>
          )}
        </nav>
      </div>
      <div className="awning" aria-hidden="true" />
    </header>
  )
}
