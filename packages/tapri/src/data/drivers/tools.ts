import { dataError } from '../errors.ts'

/** The commands of a database's own tools; the password is none of their words. */
export interface Tool {
  backup(to: string): string
  /** One after another. */
  restore(from: string): readonly string[]
}

interface Place {
  readonly host: string
  readonly port: string
  readonly user: string
  readonly database: string
  /** The URL without the password, and without options that only the app knows. */
  readonly plain: string
}

/** Live clients ask anew when the epoch is another; the other databases find out by themselves. */
const renewal = "update tapri_meta set value = concat('restored ', current_timestamp) where name = 'epoch'"

const makers: Readonly<Record<string, (place: Place) => Tool>> = {
  postgres: postgresTool,
  postgresql: postgresTool,
  mysql: mysqlTool,
  mariadb: mysqlTool,
  mongodb: mongoTool,
  'mongodb+srv': mongoTool,
}

/** Those of a MongoDB URL that its tools need to reach the server, and that hold no secret. */
const toolOptions: ReadonlySet<string> = new Set([
  'authSource',
  'authMechanism',
  'replicaSet',
  'directConnection',
  'tls',
  'tlsCAFile',
])

/** How the database that a URL names is backed up and restored.
 * @throws TAPRI_DATA_URL */
export function toolFor(text: string): Tool {
  const make = makers[text.slice(0, Math.max(0, text.indexOf(':')))]
  if (make !== undefined) return make(placeOf(text))
  throw dataError('TAPRI_DATA_URL', `Cannot tell how to back up "${text.split(':')[0]}": no such kind of database is known`)
}

function postgresTool({ host, port, user, database }: Place): Tool {
  const where = words(['--host', host], ['--port', port], ['--username', user])
  return {
    backup: (to) => `pg_dump ${where} --format=custom --file=${quoted(to)} ${quoted(database)}`,
    restore: (from) => [
      `pg_restore ${where} --clean --if-exists --single-transaction --dbname=${quoted(database)} ${quoted(from)}`,
      `psql ${where} --dbname=${quoted(database)} --command=${quoted(renewal)}`,
    ],
  }
}

function mysqlTool({ host, port, user, database }: Place): Tool {
  const where = words(['--host', host], ['--port', port], ['--user', user])
  return {
    backup: (to) => `mysqldump ${where} --password --single-transaction --result-file=${quoted(to)} ${quoted(database)}`,
    restore: (from) => [`mysql ${where} --password ${quoted(database)} < ${quoted(from)}`],
  }
}

function mongoTool({ plain }: Place): Tool {
  return {
    backup: (to) => `mongodump --uri=${quoted(plain)} --gzip --archive=${quoted(to)}`,
    restore: (from) => [`mongorestore --uri=${quoted(plain)} --drop --gzip --archive=${quoted(from)}`],
  }
}

function placeOf(text: string): Place {
  // several hosts, as MongoDB names them, are no URL to Node
  const parts = /^([a-z+]+):\/\/(?:([^:@/]*)(?::[^@/]*)?@)?([^/?]*)\/?([^?]*)(?:\?(.*))?$/s.exec(text)
  if (parts === null) throw dataError('TAPRI_DATA_URL', 'Cannot read the URL of the database')
  const [, scheme = '', user = '', hosts = '', database = '', options = ''] = parts
  const [, host = '', port = ''] = /^(.*?)(?::(\d+))?$/.exec(hosts) ?? []
  const kept = options.split('&').filter((option) => toolOptions.has(option.split('=')[0] ?? ''))
  const plain = `${scheme}://${user === '' ? '' : `${user}@`}${hosts}/${database}${kept.length === 0 ? '' : `?${kept.join('&')}`}`
  return { host, port, user: decodeURIComponent(user), database: decodeURIComponent(database), plain }
}

function words(...options: readonly (readonly [string, string])[]): string {
  return options
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}=${quoted(value)}`)
    .join(' ')
}

/** As one word of a shell. */
function quoted(word: string): string {
  return /^[\w./:@%+=,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`
}
