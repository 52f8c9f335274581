import type { ReactNode } from 'react'
import { usePageTitle } from '../router.tsx'

/** The frame of a page: what the tab is called, and the one heading of the page. */
export function Page(props: { title: string; narrow?: boolean; aside?: ReactNode; children: ReactNode }) {
  usePageTitle(props.title)
  return (
    <div className={props.narrow ? 'page page-narrow' : 'page'}>
      <header className="page-head">
        <h1>{props.title}</h1>
        {props.aside}
      </header>
      {props.children}
    </div>
  )
}
