import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'

/** Whether one of the test files, or a fixture that it imports, asks for a server. */
export function wantsServices(folder, files) {
  const seen = new Set()
  const asks = (path) => {
    if (seen.has(path) || !existsSync(path)) return false
    seen.add(path)
    const text = readFileSync(path, 'utf8')
    if (/\bfindService\(|\bTEST_(?:POSTGRES|MARIADB|MYSQL|MONGODB|REDIS|NATS|S3|S3_SIGNED|AZURE)_URL\b/.test(text)) return true
    const fixtures = [...text.matchAll(/from '(\.[^']*\.fixture\.[mt]s)'/g)].map(([, specifier]) =>
      resolve(dirname(path), specifier),
    )
    return fixtures.some(asks)
  }
  return files.some((file) => asks(join(folder, file)))
}
