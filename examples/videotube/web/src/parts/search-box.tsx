import type { FormEvent } from 'react'
import { navigate, useAddress } from '../router.tsx'
import { SearchIcon } from './icons.tsx'

export function SearchBox() {
  const q = useAddress().searchParams.get('q') ?? ''
  const search = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault()
    const words = String(new FormData(event.currentTarget).get('q')).trim()
    navigate(words === '' ? '/' : `/?q=${encodeURIComponent(words)}`)
  }
  return (
    <search className="search">
      <form onSubmit={search}>
        <input
          key={q}
          type="search"
          name="q"
          defaultValue={q}
          maxLength={100}
          placeholder="Search videos"
          aria-label="Search videos"
        />
        <button type="submit" className="icon-button" aria-label="Search">
          <SearchIcon />
        </button>
      </form>
    </search>
  )
}
