import { dataError } from '../errors.ts'

/**
 * The URL of a database of its own beside the app's: `data/app.db` has `data/app.jobs.db`, so that what a queue or a cache
 * writes keeps nobody waiting who writes to the app's. Undefined on a server, where writers do not wait for each other:
 * there such tables are `internal` ones of the app's database.
 * @example siblingUrl('sqlite:data/app.db?synchronous=normal', 'jobs') // 'sqlite:data/app.jobs.db?synchronous=normal'
 * @throws TAPRI_DATA_URL
 */
export function siblingUrl(url: string, name: string): string | undefined {
  if (!/^[a-z][a-z0-9-]{0,30}$/.test(name)) {
    throw dataError('TAPRI_DATA_URL', `Cannot name a database "${name}": it must have small letters, digits and "-" only`)
  }
  if (!url.startsWith('sqlite:')) return undefined
  const [, path = '', options = ''] = /^sqlite:([^?]*)(\?.*)?$/s.exec(url) ?? []
  // each one in memory is another one
  if (path === ':memory:') return url
  const [, stem = '', ending = ''] = /^(.*?[^/\\])(\.[^./\\]+)?$/s.exec(path) ?? []
  if (stem === '') throw dataError('TAPRI_DATA_URL', `Cannot name a database beside "${url}": it names no file`)
  return `sqlite:${stem}.${name}${ending}${options}`
}
