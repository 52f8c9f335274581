import type { TestContext } from 'node:test'
import { newId } from './ids.ts'

const server = process.env.TEST_REDIS_URL

/** Why tests on Redis are skipped; false where there is one. */
export const withoutRedis: string | false =
  server === undefined && 'set TEST_REDIS_URL, like redis://127.0.0.1:6379/0, or start one with scripts/services'

/** A URL of the Redis to test with, whose keys nobody else has; a machine that stands still for seconds is not taken for a Redis
 * that is away. */
export function redisUrl(): string {
  const url = new URL(server ?? 'redis://127.0.0.1:1')
  for (const timeout of ['connect_timeout', 'command_timeout']) url.searchParams.set(timeout, '60s')
  url.searchParams.set('prefix', `test-${newId()}:`)
  return url.href
}

interface Opened {
  key(name: string): string
  command(name: string, ...args: readonly string[]): Promise<unknown>
}

/** Removes what the test leaves behind, and ends its connections. */
export function cleanAfter(test: TestContext, redis: Opened, connections: { close(): Promise<void> }): void {
  test.after(async () => {
    const keys = await redis.command('KEYS', redis.key('*')).catch(() => [])
    if (Array.isArray(keys) && keys.length > 0) await redis.command('DEL', ...keys)
    await connections.close()
  })
}

/** What was told of, to be looked at. */
export function noticesForTest() {
  const told: string[] = []
  const waiting = new Map<string, () => void>()
  return {
    told,
    event(name: string, facts?: object) {
      told.push(`${name} ${JSON.stringify(facts ?? {})}`)
      waiting.get(name)?.()
    },
    /** Resolves with the next event of that name. */
    next: (name: string) => new Promise<void>((resolve) => waiting.set(name, resolve)),
  }
}
