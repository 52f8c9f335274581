import {
  bool,
  type Change,
  type Commit,
  int,
  json,
  list,
  model,
  openDatabase,
  optional,
  type Policy,
  type Reader,
  text,
  time,
} from '../../data/index.ts'
import { KeptReads } from './kept-reads.ts'
import type { Hold } from './recording.ts'

export const models = {
  songs: model({
    title: text(),
    plays: int({ default: 0 }),
    shown: bool({ default: true }),
    owner: text({ default: 'ann' }),
    tags: optional(list(text())),
    facts: optional(json()),
    at: time({ default: 'now' }),
  }),
}
const policies: Policy[] = [
  {
    model: 'songs',
    rules: { read: ({ rows, user }: any) => rows({ shown: true }, ...(user === null ? [] : [{ owner: user.name }])) },
  },
]

/** A database of songs, whose commits are announced to what is kept when the test says so. */
export async function openSongs({ mostRows }: { mostRows?: number } = {}) {
  const database = await openDatabase({ models, policies, url: 'sqlite::memory:', migrate: 'auto' })
  const kept = new KeptReads(mostRows === undefined ? {} : { mostRows })
  const waiting: Commit[] = []
  let isLate = false
  const announce = () => {
    for (const commit of waiting.splice(0)) kept.onCommit(commit)
  }
  database.changes.subscribe((commit) => {
    waiting.push(commit)
    if (!isLate) announce()
  })
  return {
    database,
    kept,
    songs: database.systemDb().songs as any,
    /** From now on commits wait for `announce`. */
    delay() {
      isLate = true
    },
    announce,
    /** With a gate, what its own reader reads is given when that opens. */
    begin: (gate?: Promise<void>) => begin(database, kept, gate),
    /** Reads and holds what was read. */
    async follow<T>(read: (db: any) => Promise<T>): Promise<Followed<T>> {
      const { recording, db } = begin(database, kept)
      const answer = await read(db)
      const told: boolean[] = []
      const hold = recording.keep((isExact) => told.push(isExact))
      if (hold === undefined) throw new Error('torn')
      return { answer, told, hold, asked: recording.askedDatabase }
    },
    [Symbol.asyncDispose]: () => database.close(),
  }
}

export interface Followed<T> {
  readonly answer: T
  /** Whether it was brought up to date, for each commit that changed it. */
  readonly told: readonly boolean[]
  readonly hold: Hold
  readonly asked: boolean
}

function begin(database: Awaited<ReturnType<typeof openDatabase>>, kept: KeptReads, gate?: Promise<void>) {
  const recording = kept.begin()
  const reader = (own: Reader) => recording.reader(gate === undefined ? own : gated(own, gate))
  const dbOf = (user: any): any => database.asCaller({ user }, { reader })
  return { recording, db: database.systemDb({ reader }) as any, dbOf }
}

function gated(own: Reader, gate: Promise<void>): Reader {
  return {
    row: own.row.bind(own),
    count: own.count.bind(own),
    select: async (query, signal) => {
      const rows = await own.select(query, signal)
      await gate
      return rows
    },
  }
}

/** What the log would say, in a commit of its own. */
export function commitOf(changes: readonly Change[]): Commit {
  return { position: 1_000_000, at: 0, changes }
}

/** Whole numbers below what it is asked for, the same for the same seed: the minimal standard generator of Park and Miller. */
export function dice(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state * 48_271) % 2_147_483_647
    return state % below
  }
}
