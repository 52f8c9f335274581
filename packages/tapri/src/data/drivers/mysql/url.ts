import { milliseconds } from '../../../kit/measures.ts'
import { dataError } from '../../errors.ts'

export interface MysqlUrl {
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

const known = ['pool', 'connect_timeout', 'statement_timeout', 'sslmode', 'sslrootcert']
const modes: ReadonlySet<string> = new Set<SslMode>(['disable', 'require', 'verify-ca', 'verify-full'])

/** Reads `mysql://user:password@host:3306/database?pool=10&sslmode=verify-full`; timeouts are like `30s`.
 * @throws TAPRI_DATA_URL */
export function readUrl(text: string): MysqlUrl {
  const url = parse(text)
  const options = url.searchParams
  const stranger = [...options.keys()].find((key) => !known.includes(key))
  if (stranger !== undefined) throw wrong(url, `it has the option "${stranger}", known are ${known.join(', ')}`)
  const database = decodeURIComponent(url.pathname.slice(1))
  if (database === '') throw wrong(url, 'it names no database, it must be like "mysql://user:password@host/database"')
  return {
    host: url.hostname === '' ? '127.0.0.1' : decodeURIComponent(url.hostname.replace(/^\[(.*)\]$/, '$1')),
    port: url.port === '' ? 3306 : Number(url.port),
    database,
    user: url.username === '' ? undefined : decodeURIComponent(url.username),
    password: url.password === '' ? undefined : decodeURIComponent(url.password),
    pool: poolOf(url),
    connectTimeout: timeoutOf(url, 'connect_timeout', '10s'),
    statementTimeout: timeoutOf(url, 'statement_timeout', '30s'),
    sslmode: modeOf(url),
    sslrootcert: options.get('sslrootcert') ?? undefined,
  }
}

/** The place without the password, for messages. */
export function placeOf({ host, port, database }: MysqlUrl): string {
  return `${host}:${port}/${database}`
}

function parse(text: string): URL {
  try {
    return new URL(text)
  } catch (cause) {
    const form = 'it must be like "mysql://user:password@host:3306/database", with %-signs for special characters'
    // the text may hold a password, so it is not repeated
    throw dataError('TAPRI_DATA_URL', `Cannot open the MySQL database: its URL cannot be read, ${form}`, { cause })
  }
}

function poolOf(url: URL): number {
  const text = url.searchParams.get('pool') ?? '10'
  const pool = Number(text)
  if (Number.isInteger(pool) && pool >= 2 && pool <= 1000) return pool
  // while transactions wait for each other, reads still need a connection
  throw wrong(url, `pool is "${text}", it must be a number from 2 to 1000`)
}

function timeoutOf(url: URL, name: string, fallback: string): number {
  const text = url.searchParams.get(name) ?? fallback
  try {
    const value = milliseconds(text)
    if (value > 0) return value
  } catch {
    // said below, with the name of the option
  }
  throw wrong(url, `${name} is "${text}", it must be a duration like "10s"`)
}

function modeOf(url: URL): SslMode {
  const mode = url.searchParams.get('sslmode') ?? 'disable'
  if (isMode(mode)) return mode
  throw wrong(url, `sslmode is "${mode}", it must be disable, require, verify-ca or verify-full`)
}

function isMode(mode: string): mode is SslMode {
  return modes.has(mode)
}

function wrong(url: URL, reason: string) {
  return dataError('TAPRI_DATA_URL', `Cannot open the database "${url.host}${url.pathname}": ${reason}`)
}
