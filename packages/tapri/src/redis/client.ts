import type { RedisOptions, Redis as Sdk } from 'ioredis'
import { redisError } from './errors.ts'
import type { RedisUrl } from './url.ts'

/** What is used of the package: types of it would be asked of apps that have not installed it. */
export interface Client {
  readonly status: string
  connect(): Promise<unknown>
  call(name: string, ...args: readonly (string | number)[]): Promise<unknown>
  on(event: 'ready', listener: () => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'close', listener: () => void): unknown
  on(event: 'message', listener: (channel: string, text: string) => void): unknown
  quit(): Promise<unknown>
  disconnect(reconnect?: boolean): void
}

/** A client of the package that the app has installed; it connects when told to, and again unless it connects `once`.
 * @throws TAPRI_REDIS_NO_SDK */
export async function openClient(url: RedisUrl, { once = false }: { readonly once?: boolean } = {}): Promise<Client> {
  const Loaded = await load()
  return new Loaded({ ...settingsOf(url), ...(once && { retryStrategy: () => null }) })
}

async function load(): Promise<typeof Sdk> {
  try {
    return (await import('ioredis')).Redis
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ERR_MODULE_NOT_FOUND')) throw cause
    const how = 'the package "ioredis" is not installed, run "npm install ioredis"'
    throw redisError('TAPRI_REDIS_NO_SDK', `Cannot use Redis: ${how}`, { cause })
  }
}

function settingsOf(url: RedisUrl): RedisOptions {
  return {
    host: url.host,
    port: url.port,
    db: url.database,
    ...(url.user !== undefined && { username: url.user }),
    ...(url.password !== undefined && { password: url.password }),
    ...(url.tls && { tls: { servername: url.host } }),
    connectTimeout: url.connectTimeout,
    commandTimeout: url.commandTimeout,
    connectionName: 'tapri',
    lazyConnect: true,
    // what cannot be sent now is told now
    enableOfflineQueue: false,
    // a command may have been done although its answer was lost
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (attempt) => Math.min(50 * 2 ** Math.min(attempt, 6), 2000) * (0.75 + Math.random() / 2),
  }
}
