import { TapriError } from '../../kit/errors.ts'
import { openListener, type Redis, type RedisConnections } from '../../redis/index.ts'
import { busError } from '../errors.ts'
import type { LineMaker } from '../line.ts'

/**
 * A Redis or Valkey: texts go out over the app's own connection, one more hears them.
 * @throws TAPRI_REDIS_URL, TAPRI_REDIS_NO_SDK
 */
export async function redisMaker(url: string, connections: RedisConnections): Promise<LineMaker> {
  const redis = await connections.open(url)
  const start = redis.key('bus:')
  return {
    kind: 'redis',
    shown: redis.shown,
    async open(ends) {
      const listener = await openListener(url, {
        hear: (channel, text) => ends.hear(channel.slice(start.length), text),
        lost: ends.lost,
      })
      const ping = async () => {
        await Promise.all([listener.ping(), redis.command('PING')])
      }
      try {
        await ping()
      } catch (cause) {
        listener.close()
        throw cause
      }
      return {
        publish: (topic, text) => publish(redis, start + topic, text),
        listen: (topic) => refusing(listener.subscribe(start + topic)),
        unlisten: (topic) => listener.unsubscribe(start + topic),
        ping,
        close: async () => listener.close(),
      }
    },
  }
}

function publish(redis: Redis, channel: string, text: string): Promise<void> {
  return refusing(redis.command('PUBLISH', channel, text).then(() => {}))
}

/** What Redis refuses, trying again does not help. */
async function refusing(work: Promise<void>): Promise<void> {
  try {
    await work
  } catch (cause) {
    if (!(cause instanceof TapriError && cause.code === 'TAPRI_REDIS_REFUSED')) throw cause
    throw busError('TAPRI_BUS_REFUSED', cause.message, { cause })
  }
}
