import { milliseconds } from '../kit/measures.ts'
import { redisError } from './errors.ts'

/** Where a Redis is, and how it is spoken to. */
export interface RedisUrl {
  readonly host: string
  readonly port: number
  readonly database: number
  readonly user: string | undefined
  readonly password: string | undefined
  readonly tls: boolean
  /** In front of every key of ours. */
  readonly prefix: string
  /** Milliseconds. */
  readonly connectTimeout: number
  readonly commandTimeout: number
  /** What messages show: without user and password. */
  readonly shown: string
}

const options = ['prefix', 'connect_timeout', 'command_timeout']

/**
 * Reads `redis://user:password@host:6379/0?prefix=tapri:&connect_timeout=2s&command_timeout=1s`; `rediss://` speaks TLS.
 * @throws TAPRI_REDIS_URL
 * @example readRedisUrl('redis://127.0.0.1:6379/0').database // 0
 */
export function readRedisUrl(text: string): RedisUrl {
  const url = parse(text)
  const shown = `${url.protocol}//${url.host}${url.pathname}`
  const wrong = (why: string) => redisError('TAPRI_REDIS_URL', `Cannot use the Redis "${shown}": ${why}`)
  const stranger = [...url.searchParams.keys()].find((key) => !options.includes(key))
  if (stranger !== undefined) throw wrong(`it has the option "${stranger}", known are ${options.join(', ')}`)
  const database = url.pathname.slice(1)
  if (!/^\d{0,4}$/.test(database)) throw wrong(`its database is "${database}", it must be a number like 0`)
  const timeout = (name: string, fallback: string): number => {
    const given = url.searchParams.get(name) ?? fallback
    const time = /^\d/.test(given) ? timeOf(given) : undefined
    if (time === undefined || time < 1) throw wrong(`${name} is "${given}", it must be a duration like "${fallback}"`)
    return time
  }
  return {
    host: url.hostname === '' ? '127.0.0.1' : decodeURIComponent(url.hostname.replace(/^\[(.*)\]$/, '$1')),
    port: url.port === '' ? 6379 : Number(url.port),
    database: Number(database),
    user: url.username === '' ? undefined : decodeURIComponent(url.username),
    password: url.password === '' ? undefined : decodeURIComponent(url.password),
    tls: url.protocol === 'rediss:',
    prefix: url.searchParams.get('prefix') ?? 'tapri:',
    connectTimeout: timeout('connect_timeout', '2s'),
    commandTimeout: timeout('command_timeout', '1s'),
    shown,
  }
}

function parse(text: string): URL {
  const url = URL.parse(text)
  if (url !== null && /^rediss?:$/.test(url.protocol) && text.includes('://')) return url
  // the text may hold a password, so it is not repeated
  const form = 'it must be like "redis://user:password@host:6379/0", with %-signs for special characters'
  throw redisError('TAPRI_REDIS_URL', `Cannot use Redis: its URL cannot be read, ${form}`)
}

function timeOf(text: string): number | undefined {
  try {
    return milliseconds(text)
  } catch {
    // said by the caller, with the name of the option
    return undefined
  }
}
