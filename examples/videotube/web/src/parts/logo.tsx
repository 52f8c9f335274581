/** A cutting-chai glass that plays. */
export function Logo() {
  return (
    <svg className="logo" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <path className="logo-steam" d="M12.5 3c-2 2.2 2 3.4 0 6M19 3c-2 2.2 2 3.4 0 6" />
      <path className="logo-glass" d="M6.5 11h19l-2.6 16.6a2.2 2.2 0 0 1-2.2 1.9h-9.4a2.2 2.2 0 0 1-2.2-1.9z" />
      <path className="logo-tea" d="M8.6 14.5h14.8l-1.9 12a1.4 1.4 0 0 1-1.4 1.2h-8.2a1.4 1.4 0 0 1-1.4-1.2z" />
      <path className="logo-play" d="m13.7 17.3 6 3.7-6 3.7z" />
    </svg>
  )
}
