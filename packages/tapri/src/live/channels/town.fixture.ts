import { type Commit, Interests, openDatabase } from '../../data/index.ts'
import { manualClock } from '../../kit/clock.ts'
import { decodeWire } from '../../kit/wire.ts'
import { silentLog } from '../../observe/index.ts'
import type { AtWork, Dependent } from '../hub.ts'
import { Work } from '../work.ts'
import { openChannels } from './channels.ts'
import { channelModels } from './models.ts'
import type { Watch } from './seam.ts'
import type { Admission } from './types.ts'

const path: any = { path: '/lobby', spec: {} }
const lobby = { join: path, send: path, message: {}, signal: {}, history: undefined, hasPresence: true }

/** One channel, a lobby in which nothing is kept, on one node whose rule and bus the test has in hand. */
export async function openLobby() {
  const clock = manualClock()
  const options = { models: {}, policies: [], url: 'sqlite::memory:', migrate: 'auto', internal: channelModels } as const
  const database = await openDatabase({ ...options, clock })
  const work = new Work()
  const interests = new Interests<Dependent>()
  const watch: Watch<any> = { interests, atWork: new Set<AtWork>(), begin: (task) => void work.track(task) }
  const gaps = new Set<() => void>()
  let join = async (): Promise<Admission> => ({ params: {}, facts: {} })
  const channels = openChannels(
    {
      database,
      clock,
      log: silentLog,
      channels: { lobby },
      join: () => join(),
      send: async (_run, message) => message,
      bus: {
        publish: async () => {},
        subscribe: async () => async () => {},
        onGap(listener) {
          gaps.add(listener)
          return () => gaps.delete(listener)
        },
      },
    },
    watch,
  )
  database.changes.subscribe((commit: Commit) => channels.onCommit(commit))
  let sockets = 0
  return {
    database,
    settled: () => work.idle(),
    /** Who asks from now on is answered so. */
    rule(next: typeof join) {
      join = next
    },
    gap() {
      for (const listener of gaps) listener()
    },
    /** A socket, and what it was sent. */
    open() {
      const frames: any[] = []
      const session = channels.open({
        number: ++sockets,
        upgrade: {} as any,
        caller: null,
        isFresh: true,
        hasRoom: true,
        refresh: async () => {},
        send: (frame) => frames.push(decodeWire(frame.text)),
      })
      return { session, frames, types: () => frames.map(({ type }) => type) }
    },
    async [Symbol.asyncDispose]() {
      await work.idle()
      await channels.stop()
      await database.close()
    },
  }
}
