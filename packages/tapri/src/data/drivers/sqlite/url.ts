import { dataError } from '../../errors.ts'

export interface SqliteUrl {
  /** `:memory:` or a path. */
  readonly path: string
  readonly synchronous: 'FULL' | 'NORMAL' | 'OFF'
}

/** Reads `sqlite:data/app.db`, `sqlite:///var/app.db`, `sqlite::memory:`, with `?synchronous=full|normal|off`.
 * @throws TAPRI_DATA_URL */
export function readUrl(url: string): SqliteUrl {
  const [place = '', query = ''] = url.slice('sqlite:'.length).split('?', 2)
  const path = place.startsWith('//') ? place.slice(2) : place
  if (path === '' || path.includes('\0')) throw wrong(url, 'it names no file')
  let synchronous: SqliteUrl['synchronous'] = 'FULL'
  for (const [key, value] of new URLSearchParams(query)) {
    const level = levels[value.toLowerCase()]
    if (key !== 'synchronous') throw wrong(url, `it has the option "${key}", only "synchronous" is known`)
    if (level === undefined) throw wrong(url, `synchronous is "${value}", it must be full, normal or off`)
    synchronous = level
  }
  return { path, synchronous }
}

const levels: Readonly<Record<string, SqliteUrl['synchronous']>> = { full: 'FULL', normal: 'NORMAL', off: 'OFF' }

function wrong(url: string, reason: string) {
  return dataError('TAPRI_DATA_URL', `Cannot open "${url}": ${reason}`)
}
