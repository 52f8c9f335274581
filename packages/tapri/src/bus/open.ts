import { type Clock, systemClock } from '../kit/clock.ts'
import { type Notices, RedisConnections } from '../redis/index.ts'
import { busError } from './errors.ts'
import type { LineMaker } from './line.ts'
import { LinedBus } from './lined.ts'
import { ipcMaker } from './makers/ipc.ts'
import { memoryMaker } from './makers/memory.ts'
import { natsMaker } from './makers/nats.ts'
import { postgresMaker } from './makers/postgres.ts'
import { redisMaker } from './makers/redis.ts'
import type { Bus } from './types.ts'

export interface OpenBusOptions {
  readonly clock?: Clock
  /** Is told `bus.lost`, `bus.found` and `bus.hearer.failed`. */
  readonly notices?: Notices
  /** The app's connections, for Redis; absent, the bus has its own. */
  readonly redis?: RedisConnections
}

const makers: Readonly<Record<string, (url: string, options: OpenBusOptions) => LineMaker | Promise<LineMaker>>> = {
  memory: (url) => {
    if (url === 'memory:') return memoryMaker()
    throw wrongUrl(url)
  },
  ipc: ipcMaker,
  postgres: postgresMaker,
  postgresql: postgresMaker,
  redis: redisLines,
  rediss: redisLines,
  nats: natsMaker,
  tls: natsMaker,
}

/**
 * Opens the bus that a URL names: `memory:`, `ipc:./data/bus`, `postgres://…`, `redis://…` or `nats://…`. When the server cannot
 * be reached it opens all the same, and goes on trying.
 * @throws TAPRI_BUS_URL, TAPRI_BUS_FOLDER, TAPRI_BUS_NO_SDK, TAPRI_REDIS_URL, TAPRI_REDIS_NO_SDK
 * @example const bus = await openBus('memory:'); await bus.subscribe('kites', (text) => show(text)); await bus.publish('kites', 'red')
 */
export async function openBus(url: string, options: OpenBusOptions = {}): Promise<Bus> {
  const scheme = /^([a-z]+):/.exec(url)?.[1] ?? ''
  const make = Object.hasOwn(makers, scheme) ? makers[scheme] : undefined
  if (make === undefined) throw wrongUrl(url)
  const bus = new LinedBus(await make(url, options), { clock: options.clock ?? systemClock, notices: options.notices })
  await bus.connect()
  return bus
}

async function redisLines(url: string, { redis, clock = systemClock, notices }: OpenBusOptions): Promise<LineMaker> {
  if (redis !== undefined) return redisMaker(url, redis)
  const own = new RedisConnections({ clock, notices })
  return { ...(await redisMaker(url, own)), close: () => own.close() }
}

function wrongUrl(url: string) {
  // the text may hold a password
  const shown = url.replace(/^([^/]*\/\/).*@/s, '$1')
  const forms = '"memory:", "ipc:./data/bus", "postgres://…", "redis://host:6379/0" or "nats://host:4222"'
  return busError('TAPRI_BUS_URL', `Cannot open the bus "${shown}": it must be like ${forms}`)
}
