import type { ReactNode } from 'react'
import { codeOf, messageOf } from '../errors.ts'
import { Link } from '../router.tsx'
import { Logo } from './logo.tsx'

/** Says that there is nothing, and what could be done about it; with `alone`, as the whole page. */
export function Empty({ title, alone, children }: { title: string; alone?: boolean; children?: ReactNode }) {
  const Heading = alone ? 'h1' : 'h2'
  return (
    <div className="empty">
      <Logo />
      <Heading>{title}</Heading>
      {children}
    </div>
  )
}

/** Says what went wrong, and offers to try again. */
export function Failure({ error }: { error: unknown }) {
  const code = codeOf(error)
  if (code === 'TAPRI_NOT_FOUND' || code === 'TAPRI_INVALID') {
    return (
      <Empty title="Nothing is served here" alone>
        <p>It was removed, it is not published, or the address has a slip.</p>
        <Link className="button" href="/">
          Back to all videos
        </Link>
      </Empty>
    )
  }
  return (
    <div className="empty" role="alert">
      <Logo />
      <h2>That did not work</h2>
      <p>{messageOf(error)}</p>
      <button type="button" className="button" onClick={() => location.reload()}>
        Try again
      </button>
    </div>
  )
}

/** Grey shapes where something is about to be. */
export function Skeletons({ amount, kind }: { amount: number; kind: 'card' | 'line' | 'row' }) {
  const keys = Array.from({ length: amount }, (_, index) => `${kind}-${index}`)
  return (
    <>
      {keys.map((key) => (
        <div key={key} className={`skeleton skeleton-${kind}`} aria-hidden="true" />
      ))}
    </>
  )
}
