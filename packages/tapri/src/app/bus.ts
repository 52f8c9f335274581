import { randomUUID } from 'node:crypto'
import { type Bus, openBus } from '../bus/index.ts'
import type { Database } from '../data/index.ts'
import type { Clock } from '../kit/clock.ts'
import type { Log } from '../observe/index.ts'
import type { RedisConnections } from '../redis/index.ts'
import type { Settings } from './settings.ts'

/**
 * What BUS_URL names, opened for one app; absent, a PostgreSQL that keeps the rows carries the bus too.
 * @throws TAPRI_BUS_URL, TAPRI_BUS_FOLDER, TAPRI_BUS_NO_SDK, TAPRI_REDIS_URL, TAPRI_REDIS_NO_SDK
 */
export function openAppBus(
  { BUS_URL, DATABASE_URL }: Settings,
  { clock, log, redis }: { readonly clock: Clock; readonly log: Log; readonly redis: RedisConnections },
): Promise<Bus> {
  const url = BUS_URL ?? (/^postgres(ql)?:/.test(DATABASE_URL) ? DATABASE_URL : 'memory:')
  return openBus(url, { clock, notices: log, redis })
}

/** Milliseconds between two words of one process; those who hear one read all that is committed. */
const pause = 5

/**
 * Lets the processes that share a database tell each other of commits, where the database itself cannot: each then reads the
 * log at once. A word that is lost costs the time until the log is read anyway, never a change. The answer ends it.
 */
export async function tellOfCommits({ changes }: Pick<Database, 'changes'>, bus: Bus): Promise<() => Promise<void>> {
  const { wake } = changes
  if (wake === undefined || bus.kind === 'memory') return async () => {}
  // another database, or one that was made anew, has other positions
  const topic = `commits/${changes.epoch}`
  const own = randomUUID()
  let newest = 0
  let told = 0
  let isTelling = false
  const tell = async () => {
    if (isTelling) return
    isTelling = true
    while (told < newest) {
      told = newest
      // whoever does not hear of it looks by itself
      await bus.publish(topic, `${own} ${told}`).catch(() => {})
      await rest()
    }
    isTelling = false
  }
  const end = await bus.subscribe(topic, (text) => {
    const [process, position] = text.split(' ')
    if (process !== own) wake(Number(position))
  })
  const endTelling = changes.onOwnCommit((position) => {
    newest = Math.max(newest, position)
    void tell()
  })
  return async () => {
    endTelling()
    await end()
  }
}

/** By the machine's time: what a network bears does not depend on the app's clock. */
function rest(): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, pause).unref())
}
