// How long SQLite keeps the event loop from others, with read workers and without; `node bench/data/loop.ts` by itself.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout } from 'node:timers/promises'
import { belongsTo, int, model, openDatabase, text } from 'tapri/data'
import { Connection } from '../../packages/tapri/src/data/drivers/sqlite/connection.ts'
import { ReadPool } from '../../packages/tapri/src/data/drivers/sqlite/read-pool.ts'
import { systemClock } from '../../packages/tapri/src/kit/clock.ts'

const models = {
  users: model({ name: text() }),
  videos: model({
    title: text(),
    description: text(),
    views: int({ min: 0 }),
    owner: belongsTo('users', { onDelete: 'cascade' }),
  }),
}

export interface LoopFigures {
  /** Milliseconds of the slow query, and the longest the event loop stood still meanwhile. */
  readonly slow_query_ms: number
  /** While nothing is asked: what the machine itself does. */
  readonly loop_delay_idle_ms: number
  readonly loop_delay_on_main_ms: number
  readonly loop_delay_with_workers_ms: number
  /** Microseconds of the main thread's processor for a list, read there and read by a worker. */
  readonly list_20_main_us: number
  readonly list_20_worker_us: number
  readonly list_100_main_us: number
  readonly list_100_worker_us: number
}

/** Measures in a database of its own. */
export async function measureLoop({ quick }: { readonly quick: boolean }): Promise<LoopFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'tapri-bench-'))
  const path = join(folder, 'app.db')
  try {
    const rows = await fill(path)
    const repeats = quick ? 3 : 10
    const idle = await delayDuring(() => setTimeout(repeats * 300))
    const main = await slowQuery(`sqlite:${path}?readers=0`, repeats)
    const workers = await slowQuery(`sqlite:${path}`, repeats)
    if (main.count !== workers.count || main.count >= rows) throw new Error('the answers differ')
    return {
      slow_query_ms: main.took,
      loop_delay_idle_ms: idle,
      loop_delay_on_main_ms: main.delay,
      loop_delay_with_workers_ms: workers.delay,
      ...(await lists(path, quick ? 500 : 3000)),
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** As many videos as make a search through them take about 300 milliseconds here. */
async function fill(path: string): Promise<number> {
  await (await openDatabase({ models, policies: [], url: `sqlite:${path}`, migrate: 'auto' })).close()
  const database = new DatabaseSync(path)
  database.exec("PRAGMA synchronous = OFF; INSERT INTO users VALUES ('0', 'Ann')")
  let rows = 0
  for (let took = 0; took < 300; ) {
    database.exec(`WITH RECURSIVE n(n) AS (SELECT ${rows} UNION ALL SELECT n + 1 FROM n WHERE n < ${rows + 49_999})
      INSERT INTO videos (id, title, description, views, owner)
      SELECT printf('%036d', n), 'Video number ' || n, printf('%.*c', 120, 'd'), n % 1000, '0' FROM n`)
    rows += 50_000
    const before = performance.now()
    database.prepare("SELECT count(*) FROM videos WHERE instr(description, 'no') > 0").get()
    took = performance.now() - before
  }
  database.close()
  return rows
}

async function slowQuery(url: string, repeats: number) {
  await using closing = new AsyncDisposableStack()
  const database = await openDatabase({ models, policies: [], url, migrate: 'refuse' })
  closing.defer(() => database.close())
  const { videos } = database.systemDb<typeof models>()
  const ask = () => videos.count({ where: { description: { contains: 'no' }, views: { gt: 10 } } })
  let count = await ask()
  let took = 0
  const delay = await delayDuring(async () => {
    for (let run = 0; run < repeats; run++) {
      // a turn of the loop by itself, or what stood still would not be seen
      await setTimeout(5)
      const before = performance.now()
      count = await ask()
      took += (performance.now() - before) / repeats
    }
    await setTimeout(5)
  })
  return { count, took: Math.round(took), delay }
}

/** The longest that the event loop stood still, in milliseconds. */
async function delayDuring(work: () => Promise<void>): Promise<number> {
  const monitor = monitorEventLoopDelay({ resolution: 1 })
  monitor.enable()
  await work()
  monitor.disable()
  return Number((monitor.max / 1e6).toFixed(1))
}

async function lists(path: string, repeats: number) {
  const connection = new Connection({ path, synchronous: 'OFF' })
  const pool = ReadPool.open({ path, limit: 30_000, most: 1, clock: systemClock })
  if (pool === undefined) throw new Error('there is no file for the workers')
  const list = (limit: number) => ({ sql: 'SELECT * FROM videos WHERE tapri_go_on() ORDER BY id LIMIT ?', parameters: [limit] })
  try {
    return {
      list_20_main_us: await processor(repeats, async () => connection.rows(list(20)).length),
      list_20_worker_us: await processor(repeats, async () => (await pool.read(list(20))).rows.length),
      list_100_main_us: await processor(repeats, async () => connection.rows(list(100)).length),
      list_100_worker_us: await processor(repeats, async () => (await pool.read(list(100))).rows.length),
    }
  } finally {
    await pool.close()
    connection.close()
  }
}

/** Microseconds of this thread's processor for one run. */
async function processor(repeats: number, run: () => Promise<number>): Promise<number> {
  for (let warm = 0; warm < repeats / 5; warm++) await run()
  const before = process.threadCpuUsage()
  for (let turn = 0; turn < repeats; turn++) await run()
  const { user, system } = process.threadCpuUsage(before)
  return Number(((user + system) / repeats).toFixed(1))
}

if (import.meta.main) console.log(await measureLoop({ quick: process.argv.includes('--quick') }))
