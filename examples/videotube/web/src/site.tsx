import type { ReactNode } from 'react'
import { toId } from './api.ts'
import { ChannelPage } from './pages/channel.tsx'
import { HomePage } from './pages/home.tsx'
import { NotFoundPage } from './pages/not-found.tsx'
import { ProfilePage } from './pages/profile.tsx'
import { SignInPage } from './pages/sign-in.tsx'
import { SignUpPage } from './pages/sign-up.tsx'
import { StudioPage } from './pages/studio.tsx'
import { UploadPage } from './pages/upload.tsx'
import { WatchPage } from './pages/watch.tsx'
import { Header } from './parts/header.tsx'
import { OfflineBar } from './parts/offline-bar.tsx'
import { match, useAddress } from './router.tsx'

type Values = Readonly<Record<string, string>>
const pages: Readonly<Record<string, (values: Values) => ReactNode>> = {
  '/': () => <HomePage />,
  '/watch/:id': ({ id = '' }) => <WatchPage key={id} id={toId(id)} />,
  '/channel/:id': ({ id = '' }) => <ChannelPage key={id} id={toId(id)} />,
  '/upload': () => <UploadPage />,
  '/studio': () => <StudioPage />,
  '/profile': () => <ProfilePage />,
  '/sign-in': () => <SignInPage />,
  '/sign-up': () => <SignUpPage />,
}

export function Site() {
  const { pathname } = useAddress()
  return (
    <>
      <a className="skip" href="#content">
        Skip to the content
      </a>
      <Header />
      <OfflineBar />
      <main id="content" tabIndex={-1}>
        {pageAt(pathname)}
      </main>
      <footer className="bottom">
        <p>
          VideoTube is the showcase of <strong>Tapri</strong>, the whole backend in one stall.
        </p>
      </footer>
    </>
  )
}

function pageAt(path: string): ReactNode {
  for (const [pattern, show] of Object.entries(pages)) {
    const values = match(pattern, path)
    if (values) return show(values)
  }
  return <NotFoundPage />
}
