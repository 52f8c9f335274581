import { openLog } from '../../observe/index.ts'
import type { Scratch } from '../drivers/scratch.ts'
import { type Database, openDatabase } from '../index.ts'
import { servers } from '../servers.fixture.ts'
import { listen } from './listen.fixture.ts'
import { models } from './models.fixture.ts'
import { mongoSetting } from './outside-mongo.fixture.ts'
import { sqlSetting } from './outside-sql.fixture.ts'

export type Values = Readonly<Record<string, unknown>>

/** What another program does to the tables of the models, whatever the database. */
export type Write =
  /** A thing. */
  | { readonly copy: string; readonly as: string }
  /** A person. */
  | { readonly make: string; readonly name?: string }
  /** All persons, with an `x` and the number behind their ids. */
  | { readonly double: number }
  | { readonly change: string; readonly where: Values; readonly set?: Values; readonly add?: Values }
  | { readonly remove: string; readonly where: Values }

/** Another program, which knows nothing of Tapri. */
export interface Other {
  /** One by itself, several in one transaction. */
  write(...writes: readonly Write[]): Promise<void>
  /** In a transaction that comes to nothing. */
  undo(...writes: readonly Write[]): Promise<void>
  close(): Promise<void>
}

/** What one kind of database needs for these tests. */
export interface Setting {
  scratch(): Promise<Scratch>
  connect(url: string): Promise<Other>
  /** Why the server cannot tell what others write; false when it can. */
  whyNot(): Promise<string | false>
  /** Ends the connections of the app. */
  cut(url: string): Promise<void>
  /** The server forgets what the app has not read. */
  throwAway(url: string): Promise<void>
  /** All rows go, without a word of each. */
  empty(url: string, table: string): Promise<void>
  /** What capture has left on the server. */
  left(url: string): Promise<readonly unknown[]>
  /** A JSON value, as it is stored, that is none. */
  readonly unreadable: unknown
}

export interface Place {
  readonly url: string
  readonly setting: Setting
  open(options?: { readonly capture?: boolean; readonly fail?: (error: unknown) => void }): Promise<Database>
  other(): Promise<Other>
  /** Closes it with the place. */
  kept<T extends { close(): Promise<void> }>(each: T): T
}

export interface Kind {
  readonly kind: string
  /** Why it cannot be tested here. */
  readonly skip: string | false
  with(check: (place: Place) => Promise<void>): Promise<void>
}

/** The databases whose captured writes can be tested here. */
export const kinds: readonly Kind[] = await Promise.all(servers.map(({ kind, server }) => kindOf(kind, server)))

/** One kind of database, on a server. */
export async function kindOf(kind: string, server: string): Promise<Kind> {
  const setting = kind === 'MongoDB' ? mongoSetting(server) : sqlSetting(kind, server)
  return { kind, skip: await setting.whyNot(), with: (check) => inPlace(setting, check) }
}

async function inPlace(setting: Setting, check: (place: Place) => Promise<void>): Promise<void> {
  const scratch = await setting.scratch()
  const opened: { close(): Promise<void> }[] = []
  const kept = <T extends { close(): Promise<void> }>(each: T): T => {
    opened.push(each)
    return each
  }
  try {
    await check({
      url: withCapture(scratch.url),
      setting,
      async open({ capture = true, fail } = {}) {
        const url = capture ? withCapture(scratch.url) : scratch.url
        return kept(await openDatabase({ models, policies: [], url, migrate: 'auto', ...(fail && { log: failing(fail) }) }))
      },
      other: async () => kept(await setting.connect(scratch.url)),
      kept,
    })
  } finally {
    for (const each of opened.reverse()) await each.close()
    // without capture nothing of it stays on the server
    await (await openDatabase({ models, policies: [], url: scratch.url, migrate: 'auto' })).close()
    await scratch.dispose()
  }
}

function withCapture(url: string): string {
  return `${url}${url.includes('?') ? '&' : '?'}capture=on`
}

/** A log that writes nothing, and tells of errors. */
function failing(fail: (error: unknown) => void) {
  const log = openLog({ write: () => {} })
  log.subscribe(({ level, facts }) => level === 'error' && fail(facts.error))
  return log
}

/** Opens it, and waits until it hears: what was before anybody listened is told as unknown. Connections that a test cuts are
 * expected to be told of. */
export async function heard(
  place: Place,
  { expected = 'TAPRI_DATA_UNREACHABLE' } = {},
): Promise<{ readonly database: Database; readonly told: ReturnType<typeof listen> }> {
  const database = await place.open({ fail: (error) => Object(error).code === expected || console.error(error) })
  const told = listen(database)
  await told.until(({ id }) => id === '')
  told.commits.length = 0
  return { database, told }
}
