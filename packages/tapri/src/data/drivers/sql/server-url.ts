import { milliseconds } from '../../../kit/measures.ts'
import { dataError } from '../../errors.ts'

/** Where a server of SQL is, and how it is spoken to. */
export interface ServerUrl {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string | undefined
  readonly password: string | undefined
  /** Connections for requests; one more hears of the commits of other processes. */
  readonly pool: number
  readonly connectTimeout: number
  readonly statementTimeout: number
  readonly sslmode: SslMode
  readonly sslrootcert: string | undefined
}
export type SslMode = 'disable' | 'require' | 'verify-ca' | 'verify-full'

/** What the URLs of one kind of server are like. */
export interface ServerKind {
  readonly name: string
  /** In front of `://` in what messages show. */
  readonly scheme: string
  readonly port: number
  /** All that may stand in the query, in the order in which messages name them. */
  readonly options: readonly string[]
}

const modes: ReadonlySet<string> = new Set<SslMode>(['disable', 'require', 'verify-ca', 'verify-full'])

/** Reads `scheme://user:password@host:port/database?pool=10&sslmode=verify-full`; timeouts are like `30s`.
 * @throws TAPRI_DATA_URL */
export function readServerUrl(text: string, kind: ServerKind): { readonly place: ServerUrl; readonly url: URL } {
  const url = parse(text, kind)
  const options = url.searchParams
  const stranger = [...options.keys()].find((key) => !kind.options.includes(key))
  if (stranger !== undefined) throw wrongUrl(url, `it has the option "${stranger}", known are ${kind.options.join(', ')}`)
  const database = decodeURIComponent(url.pathname.slice(1))
  if (database === '') {
    throw wrongUrl(url, `it names no database, it must be like "${kind.scheme}://user:password@host/database"`)
  }
  const place: ServerUrl = {
    host: url.hostname === '' ? '127.0.0.1' : decodeURIComponent(url.hostname.replace(/^\[(.*)\]$/, '$1')),
    port: url.port === '' ? kind.port : Number(url.port),
    database,
    user: url.username === '' ? undefined : decodeURIComponent(url.username),
    password: url.password === '' ? undefined : decodeURIComponent(url.password),
    pool: poolOf(url),
    connectTimeout: timeoutOf(url, 'connect_timeout', '10s'),
    statementTimeout: timeoutOf(url, 'statement_timeout', '30s'),
    sslmode: modeOf(url),
    sslrootcert: options.get('sslrootcert') ?? undefined,
  }
  return { place, url }
}

/** The place without the password, for messages. */
export function placeOf({ host, port, database }: ServerUrl): string {
  return `${host}:${port}/${database}`
}

export function wrongUrl(url: URL, reason: string) {
  return dataError('TAPRI_DATA_URL', `Cannot open the database "${url.host}${url.pathname}": ${reason}`)
}

function parse(text: string, { name, scheme, port }: ServerKind): URL {
  try {
    return new URL(text)
  } catch (cause) {
    const form = `it must be like "${scheme}://user:password@host:${port}/database", with %-signs for special characters`
    // the text may hold a password, so it is not repeated
    throw dataError('TAPRI_DATA_URL', `Cannot open the ${name} database: its URL cannot be read, ${form}`, { cause })
  }
}

function poolOf(url: URL): number {
  const text = url.searchParams.get('pool') ?? '10'
  const pool = Number(text)
  if (Number.isInteger(pool) && pool >= 2 && pool <= 1000) return pool
  // while transactions wait for each other, reads still need a connection
  throw wrongUrl(url, `pool is "${text}", it must be a number from 2 to 1000`)
}

function timeoutOf(url: URL, name: string, fallback: string): number {
  const text = url.searchParams.get(name) ?? fallback
  try {
    const value = milliseconds(text)
    if (value > 0) return value
  } catch {
    // said below, with the name of the option
  }
  throw wrongUrl(url, `${name} is "${text}", it must be a duration like "10s"`)
}

function modeOf(url: URL): SslMode {
  const mode = url.searchParams.get('sslmode') ?? 'disable'
  if (isMode(mode)) return mode
  throw wrongUrl(url, `sslmode is "${mode}", it must be disable, require, verify-ca or verify-full`)
}

function isMode(mode: string): mode is SslMode {
  return modes.has(mode)
}
