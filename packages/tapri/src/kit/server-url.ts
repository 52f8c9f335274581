import type { ErrorOptions, TapriError } from './errors.ts'
import { milliseconds } from './measures.ts'

/** Where a database server is, and how it is spoken to. */
export interface ServerUrl {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly user: string | undefined
  readonly password: string | undefined
  /** Connections for requests; one more hears of the commits of other processes. */
  readonly pool: number
  /** Milliseconds. */
  readonly connectTimeout: number
  readonly statementTimeout: number
  readonly sslmode: SslMode
  readonly sslrootcert: string | undefined
  /** Whether what others write there is to be heard. */
  readonly capture: boolean
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

/** Who reads a URL: what it opens with it, as messages call that, and the error that such a message belongs to. */
export interface UrlReader {
  readonly opens: 'database' | 'bus'
  refuse(message: string, options?: ErrorOptions): TapriError
}

const modes: ReadonlySet<string> = new Set<SslMode>(['disable', 'require', 'verify-ca', 'verify-full'])

/**
 * Reads `scheme://user:password@host:port/database?pool=10&sslmode=verify-full`; timeouts are like `30s`.
 * @throws what the reader refuses with
 * @example readServerUrl('mysql://ann@localhost/tube', mysql, { opens: 'database', refuse }).place.database // 'tube'
 */
export function readServerUrl(
  text: string,
  kind: ServerKind,
  reader: UrlReader,
): { readonly place: ServerUrl; readonly options: URLSearchParams; wrong(reason: string): TapriError } {
  const url = parse(text, kind, reader)
  const options = url.searchParams
  const wrong = (reason: string) => reader.refuse(`Cannot open the ${reader.opens} "${url.host}${url.pathname}": ${reason}`)
  const stranger = [...options.keys()].find((key) => !kind.options.includes(key))
  if (stranger !== undefined) throw wrong(`it has the option "${stranger}", known are ${kind.options.join(', ')}`)
  const database = decodeURIComponent(url.pathname.slice(1))
  if (database === '') {
    throw wrong(`it names no database, it must be like "${kind.scheme}://user:password@host/database"`)
  }
  const place: ServerUrl = {
    host: url.hostname === '' ? '127.0.0.1' : decodeURIComponent(url.hostname.replace(/^\[(.*)\]$/, '$1')),
    port: url.port === '' ? kind.port : Number(url.port),
    database,
    user: url.username === '' ? undefined : decodeURIComponent(url.username),
    password: url.password === '' ? undefined : decodeURIComponent(url.password),
    pool: poolOf(options.get('pool') ?? '10', wrong),
    connectTimeout: timeoutOf('connect_timeout', options.get('connect_timeout') ?? '10s', wrong),
    statementTimeout: timeoutOf('statement_timeout', options.get('statement_timeout') ?? '30s', wrong),
    sslmode: modeOf(options.get('sslmode') ?? 'disable', wrong),
    sslrootcert: options.get('sslrootcert') ?? undefined,
    capture: captureOf(options.get('capture') ?? 'off', wrong),
  }
  return { place, options, wrong }
}

/** The place without the password, for messages. */
export function placeOf({ host, port, database }: ServerUrl): string {
  return `${host}:${port}/${database}`
}

type Wrong = (reason: string) => TapriError

function parse(text: string, { name, scheme, port }: ServerKind, { opens, refuse }: UrlReader): URL {
  try {
    return new URL(text)
  } catch (cause) {
    const form = `it must be like "${scheme}://user:password@host:${port}/database", with %-signs for special characters`
    // the text may hold a password, so it is not repeated
    throw refuse(`Cannot open the ${name} ${opens}: its URL cannot be read, ${form}`, { cause })
  }
}

function poolOf(text: string, wrong: Wrong): number {
  const pool = Number(text)
  if (Number.isInteger(pool) && pool >= 2 && pool <= 1000) return pool
  // while transactions wait for each other, reads still need a connection
  throw wrong(`pool is "${text}", it must be a number from 2 to 1000`)
}

function timeoutOf(name: string, text: string, wrong: Wrong): number {
  try {
    const value = milliseconds(text)
    if (value > 0) return value
  } catch {
    // said below, with the name of the option
  }
  throw wrong(`${name} is "${text}", it must be a duration like "10s"`)
}

/** The option `capture` of a URL.
 * @throws what `wrong` makes of the reason */
export function captureOf(text: string, wrong: (reason: string) => Error): boolean {
  if (text === 'on' || text === 'off') return text === 'on'
  throw wrong(`capture is "${text}", it must be on or off`)
}

function modeOf(mode: string, wrong: Wrong): SslMode {
  if (isMode(mode)) return mode
  throw wrong(`sslmode is "${mode}", it must be disable, require, verify-ca or verify-full`)
}

function isMode(mode: string): mode is SslMode {
  return modes.has(mode)
}
