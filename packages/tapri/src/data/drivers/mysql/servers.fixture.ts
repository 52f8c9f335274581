import { type TestContext, test } from 'node:test'
import mysql from 'mysql2/promise'
import { type ManualClock, manualClock } from '../../../kit/clock.ts'
import { type Commit, type Database, openDatabase } from '../../index.ts'
import type { Models } from '../../rows.ts'
import { scratchMysql } from './scratch.ts'

const servers = { MySQL: process.env.TEST_MYSQL_URL, MariaDB: process.env.TEST_MARIADB_URL }

/** A database of a test's own that several processes use. */
export interface Cluster<M extends Models> {
  /** MySQL or MariaDB. */
  readonly name: string
  readonly clock: ManualClock
  readonly url: string
  open(options?: { readonly models?: Models; readonly search?: string }): Promise<Database>
  system(database: Database): ReturnType<typeof database.systemDb<M>>
  /** A connection beside the app's own, to the same database. */
  connect(): Promise<mysql.Connection>
}

/** Checks a claim on each of the two kinds of servers. */
export function claim<M extends Models>(
  text: string,
  models: M,
  check: (cluster: Cluster<M>, context: TestContext) => Promise<void>,
): void {
  for (const [name, server] of Object.entries(servers)) {
    const skip = server === undefined ? `set TEST_${name.toUpperCase()}_URL` : false
    test(`${name}: ${text}`, { skip }, async (context) => {
      const { url, dispose } = await scratchMysql(server ?? '')
      const clock = manualClock()
      const opened: { close(): Promise<void> }[] = []
      const cluster: Cluster<M> = {
        name,
        clock,
        url,
        async open({ models: others, search = '' } = {}) {
          const options = { models: others ?? models, policies: [], migrate: 'auto', clock } as const
          const database = await openDatabase({ ...options, url: url + search })
          opened.push(database)
          return database
        },
        system: (database) => database.systemDb<M>(),
        async connect() {
          const connection = await mysql.createConnection({ uri: url, multipleStatements: true })
          opened.push({ close: () => connection.end() })
          return connection
        },
      }
      try {
        await check(cluster, context)
      } finally {
        await Promise.all(opened.map((each) => each.close()))
        await dispose()
      }
    })
  }
}

/** The commits that a database announces, and a promise of so many. */
export function listen(database: Database): { readonly heard: Commit[]; next(count: number): Promise<void> } {
  const heard: Commit[] = []
  let wake = () => {}
  database.changes.subscribe((commit) => {
    heard.push(commit)
    wake()
  })
  return {
    heard,
    async next(count) {
      while (heard.length < count) {
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    },
  }
}

/** Ends when a database has heard of everything that is committed, and looks for more only when its clock says so. */
export function settle(database: Database): Promise<void> {
  return database.exclusive(async () => {})
}
