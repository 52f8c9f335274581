import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { apply } from '../kit/patch.ts'
import { decodeWire, encodeWire } from '../kit/wire.ts'
import { silentLog } from '../observe/index.ts'
import { Connection } from './connection.ts'
import { Hub } from './hub.ts'
import type { Outgoing } from './outgoing.ts'
import { openStall, type TestCaller } from './stall.fixture.ts'
import type { LiveOptions } from './types.ts'
import { Work } from './work.ts'

/** Routes by their names, each given the database as the caller sees it. */
type Routes = Readonly<Record<string, (db: any) => unknown>>

export const one = (db: any) => db.videos.first({ where: { title: 'One' } })
export const follow = (id: number, route: string, more: object = {}) => ({ type: 'subscribe', id, route, input: {}, ...more })

/** Holds handlers back that pass it while it is closed. */
export function openGate() {
  let closed: PromiseWithResolvers<void> | undefined
  return {
    pass: () => closed?.promise,
    close() {
      closed = Promise.withResolvers()
    },
    open() {
      closed?.resolve()
      closed = undefined
    },
  }
}

/** The same as `openSlow`, with a member and a video that is called "One". */
export async function openOne(t: TestContext, routes: Routes, { likes = 0 } = {}) {
  const slow = await openSlow(t, routes)
  const { user, token } = await slow.member('Ann')
  const video = await slow.db.videos.create({ title: 'One', published: true, likes, author: user.id })
  return { ...slow, user, token, video }
}

/** Sockets that take no more than a test lets them, over a real database. */
export async function openSlow(t: TestContext, routes: Routes) {
  const { clock, database, db, member } = await openStall(t)
  const runs: string[] = []
  const looks = { before: async (): Promise<void> => {} }
  const options: LiveOptions<TestCaller> = {
    database,
    clock,
    log: silentLog,
    async run({ route, caller, reads, reader }) {
      runs.push(route)
      const user = caller === null ? null : { ...caller.user }
      return routes[route]?.(database.asCaller({ user }, { reads, readOnly: true, ...(reader && { reader }) }))
    },
    opened: (rules, caller) => database.opened(rules, caller === null ? null : { ...caller.user }),
    async identify(_upgrade, token, reads) {
      await looks.before()
      if (token === undefined) return null
      const session = await tables(reads).sessions.first({ where: { token }, with: { user: true } })
      return session && { user: session.user }
    },
    allowOrigin: () => true,
    senderOf: () => undefined,
    isLive: () => true,
  }
  const tables = (reads: Parameters<LiveOptions<TestCaller>['identify']>[2]): any => database.systemDb({ reads })
  const work = new Work()
  const hub = new Hub(options, work)
  database.changes.subscribe((commit) => hub.onCommit(commit))
  let opened = 0

  /** A socket that has said hello. While it `isSlow`, nothing that is sent to it is read. */
  const connect = async (token?: string) => {
    const frames: any[] = []
    const socket = {
      unsent: 0,
      isSlow: false,
      send({ text }: Outgoing) {
        frames.push(decodeWire(text))
        if (socket.isSlow) socket.unsent += text.length
      },
      close() {},
      terminate() {},
    }
    const connection = new Connection<TestCaller>(++opened, new IncomingMessage(new Socket()), socket, hub, () => {})
    t.after(() => connection.onClose())
    const say = (...said: object[]) => {
      for (const frame of said) connection.onText(encodeWire(frame))
    }
    say({ type: 'hello', token })
    await work.idle()
    frames.splice(0)
    return {
      connection,
      socket,
      /** Those that were sent, without the welcome. */
      frames,
      say,
      /** Its client reads all that waits for it, once. */
      read() {
        socket.unsent = 0
        connection.onWritten()
      },
    }
  }
  return { connect, database, db, hub, looks, member, options, runs, work }
}

interface Follower {
  topic?: number
  etag?: string
  at?: string
  value?: any
  pieces: string[]
}

/** A client as docs/protocol.md asks for it, to the letter; what it could not follow is in `lost`. It `holds` some values from
 * before, by the numbers of their subscriptions. */
export function readToTheLetter(
  frames: readonly any[],
  holds: Readonly<Record<number, { readonly etag: string; readonly value: unknown }>> = {},
) {
  const followers: Record<number, Follower> = {}
  const lost: object[] = []
  const take = (follower: Follower, { topic, from, etag, ops }: any) => {
    if (topic !== follower.topic) return
    if (from === follower.etag) {
      follower.value = apply(follower.value, ops)
      follower.etag = etag
    } else if (etag !== follower.etag) lost.push({ topic, from, etag, holds: follower.etag })
  }
  for (const frame of frames) {
    const { type, id, topic, at, etag, changes = [] } = frame
    if (type === 'patch') {
      for (const follower of Object.values(followers)) {
        for (const change of changes) take(follower, change)
        follower.at = at
      }
    }
    if (id === undefined) continue
    followers[id] ??= { pieces: [], ...holds[id] }
    const follower = followers[id]
    if (type === 'piece') {
      if (frame.n === 0) follower.pieces = []
      follower.pieces[frame.n] = frame.text
    } else if (type === 'snapshot') {
      const value = frame.pieces === undefined ? frame.value : decodeWire(follower.pieces.slice(0, frame.pieces).join(''))
      Object.assign(follower, { topic, at, etag, value, pieces: [] })
    } else if (type === 'current') {
      Object.assign(follower, { topic, at })
      for (const change of changes) take(follower, change)
    }
  }
  return { followers, lost }
}
