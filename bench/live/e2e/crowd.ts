// Many clients of one app, in a process of their own.
import { Agent, get } from 'node:http'
import { isDeepStrictEqual } from 'node:util'
import { decodeWire, wireType } from '../../../packages/tapri/src/kit/wire.ts'
import { type Faults, Follower, Values } from './follower.ts'
import { judge, type Sights } from './judge.ts'
import { ownerOf, type Person, perSocket, wishesOf } from './world.ts'

const values = new Values()
const faults: Faults = { broken: 0, repeated: 0 }
const sights: Sights = { subscriptions: [], marks: [], at: [] }
const followers: Follower[] = []
const agent = new Agent({ keepAlive: true, maxSockets: 16 })
/** GETs. */
const askedAtOnce = 16

const answers: Readonly<Record<string, (message: any) => Promise<object>>> = {
  /** Opens so many sockets more; ends when each of their subscriptions is answered. */
  async open({ port, world, people, offers, count }) {
    const opened = Array.from({ length: count }, (_, at) => {
      const number = followers.length + at
      const person = ownerOf(number, people)
      const wishes = wishesOf(world, number, offers, person)
      return new Follower(port, { person, first: number * perSocket, wishes }, { values, faults, sight })
    })
    followers.push(...opened)
    await Promise.all(opened.map((follower) => follower.answered()))
    return { sockets: followers.length }
  },
  /** Ends when everything up to the token has come. */
  async reach({ token }) {
    await Promise.all(followers.map((follower) => follower.reach(token)))
    return {}
  },
  async judge({ writes }) {
    const all = followers.flatMap(({ held, person }) => held.map(({ number, wish }) => ({ number, wish, person })))
    return { ...judge(all, writes, sights), ...faults }
  },
  /** How many subscriptions of these sockets hold something else than the answer to their GET. */
  async compare({ port, from, to }) {
    let [different, asked] = [0, 0]
    const waiting = followers.slice(from, to).flatMap(({ held, person }) => held.map((each) => ({ ...each, person })))
    await Promise.all(
      Array.from({ length: askedAtOnce }, async () => {
        for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
          const fresh = await ask(port, next.wish.path, next.person)
          asked++
          if (isDeepStrictEqual(fresh, next.etag === undefined ? undefined : values.at(next.etag))) continue
          different++
          console.error(`${next.wish.path} of ${next.person?.id ?? 'a visitor'} is not what is held`)
        }
      }),
    )
    return { different, asked }
  },
}

process.on('message', async (message: any) => process.send?.(await answers[message.do]?.(message)))
process.on('disconnect', () => process.exit())
process.send?.({ isReady: true })

function sight(subscription: number, mark: number, at: number): void {
  sights.subscriptions.push(subscription)
  sights.marks.push(mark)
  sights.at.push(at)
}

function ask(port: number, path: string, person: Person | undefined): Promise<unknown> {
  const headers = { accept: wireType, ...(person !== undefined && { authorization: `Bearer ${person.token}` }) }
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, path: `/api${path}`, headers, agent }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk) => chunks.push(chunk))
      answer.on('end', () => resolve(decodeWire(Buffer.concat(chunks).toString())))
    }).on('error', reject)
  })
}
