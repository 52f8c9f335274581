import { reasonOf } from '../kit/reason.ts'
import { openClient } from './client.ts'
import { redisError } from './errors.ts'
import { readRedisUrl } from './url.ts'

/** What a listener tells of. */
export interface ListenEnds {
  hear(channel: string, text: string): void
  /** The connection does not hold any more. */
  lost(why: Error): void
}

/** A connection that hears what is published. Once it is lost, it stays so. */
export interface RedisListener {
  subscribe(channel: string): Promise<void>
  unsubscribe(channel: string): Promise<void>
  ping(): Promise<void>
  close(): void
}

/**
 * Connects to a Redis to hear what is published there; such a connection can do nothing else.
 * @throws TAPRI_REDIS_URL, TAPRI_REDIS_NO_SDK, TAPRI_REDIS_LOST
 * @example const listener = await openListener('redis://127.0.0.1', { hear, lost }); await listener.subscribe('kites')
 */
export async function openListener(text: string, { hear, lost }: ListenEnds): Promise<RedisListener> {
  const url = readRedisUrl(text)
  const client = await openClient(url, { once: true })
  let why: unknown
  client.on('error', (error) => {
    why = error
  })
  client.on('close', () => lost(why instanceof Error ? why : new Error('the connection is closed')))
  client.on('message', hear)
  try {
    await client.connect()
  } catch (cause) {
    client.disconnect()
    throw redisError('TAPRI_REDIS_LOST', `Cannot reach the Redis "${url.shown}": ${reasonOf(why ?? cause)}`, { cause })
  }
  const command = async (name: string, ...args: readonly string[]): Promise<void> => {
    try {
      await client.call(name, ...args)
    } catch (cause) {
      const isRefusal = cause instanceof Error && cause.name === 'ReplyError'
      const message = `Cannot ${name} in the Redis "${url.shown}": ${reasonOf(cause)}`
      throw redisError(isRefusal ? 'TAPRI_REDIS_REFUSED' : 'TAPRI_REDIS_LOST', message, { cause })
    }
  }
  return {
    subscribe: (channel) => command('SUBSCRIBE', channel),
    unsubscribe: (channel) => command('UNSUBSCRIBE', channel),
    ping: () => command('PING'),
    close: () => client.disconnect(),
  }
}
