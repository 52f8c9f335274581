import { useSession } from '../hooks/session.tsx'
import { LiveNow } from '../parts/live-now.tsx'
import { Page } from '../parts/page.tsx'
import { Empty } from '../parts/states.tsx'
import { VideoGrid } from '../parts/video-grid.tsx'
import { Link, useAddress } from '../router.tsx'

export function HomePage() {
  const { user } = useSession()
  const q = useAddress().searchParams.get('q') ?? ''
  if (q !== '') return <SearchResults key={q} q={q} />
  return (
    <Page title="Fresh on the counter">
      <LiveNow />
      <VideoGrid
        wanted={{}}
        empty={
          <Empty title="The kettle is on">
            <p>There are no videos yet. Yours could be the first.</p>
            <Link className="button button-main" href={user ? '/upload' : '/sign-up'}>
              {user ? 'Upload a video' : 'Join and upload'}
            </Link>
          </Empty>
        }
      />
    </Page>
  )
}

function SearchResults({ q }: { q: string }) {
  return (
    <Page title={`Videos with “${q}”`}>
      <VideoGrid
        wanted={{ q }}
        empty={
          <Empty title="Nothing found">
            <p>No video has these words. Fewer or other words may help.</p>
            <Link className="button" href="/">
              See all videos
            </Link>
          </Empty>
        }
      />
    </Page>
  )
}
