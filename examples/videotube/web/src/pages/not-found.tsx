import { Empty } from '../parts/states.tsx'
import { Link, usePageTitle } from '../router.tsx'

export function NotFoundPage() {
  usePageTitle('Not found')
  return (
    <Empty title="This stall is not here" alone>
      <p>There is no page at this address.</p>
      <Link className="button button-main" href="/">
        Back to all videos
      </Link>
    </Empty>
  )
}
