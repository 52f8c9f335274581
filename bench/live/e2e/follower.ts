import { WebSocket } from 'ws'
import { apply, type Patch } from '../../../packages/tapri/src/kit/patch.ts'
import type { ServerFrame, SnapshotFrame, TopicChange } from '../../../packages/tapri/src/kit/protocol.ts'
import { decodeWire } from '../../../packages/tapri/src/kit/wire.ts'
import type { Person, Wish } from './world.ts'

/** A subscription that has seen a write. */
export type Sight = (subscription: number, mark: number, at: number) => void

/** What one subscription holds; `etag` is undefined before the first answer. */
export interface Held {
  readonly number: number
  readonly wish: Wish
  etag: string | undefined
  topic: number | undefined
}

/** What went wrong, by the protocol itself. */
export interface Faults {
  /** Changes that did not fit what was held, and subscriptions that ended. */
  broken: number
  /** Changes that came once more. */
  repeated: number
}

/** A value, by how many it is held, and what was told of the steps from it. */
interface Known {
  readonly value: unknown
  holders: number
  /** The writes that each change told of, by the etag that it leads to. */
  steps: Map<string, readonly number[]> | undefined
}

/**
 * The values that a process of many clients holds, by their etags, so that each change is applied once for all of them. What
 * nobody holds is forgotten: with all of it, this process would stand still to collect what is its own, and count that too.
 */
export class Values {
  readonly #known = new Map<string, Known>()

  at(etag: string): unknown {
    return this.#known.get(etag)?.value
  }

  /** One more holds the value that came with this etag. */
  hold(etag: string, value: unknown): void {
    const known = this.#known.get(etag) ?? { value, holders: 0, steps: undefined }
    known.holders++
    this.#known.set(etag, known)
  }

  letGo(etag: string): void {
    const known = this.#known.get(etag)
    if (known !== undefined && --known.holders === 0) this.#known.delete(etag)
  }

  /** One who holds what the change is from goes where it leads; answers the writes that it tells of. */
  move({ from, etag, ops }: TopicChange): readonly number[] {
    const before = this.#known.get(from)
    const told = before?.steps?.get(etag)
    const marks = told ?? marksIn(ops)
    if (before !== undefined && told === undefined) {
      before.steps ??= new Map()
      before.steps.set(etag, marks)
    }
    this.hold(etag, this.#known.has(etag) ? undefined : apply(before?.value, ops))
    this.letGo(from)
    return marks
  }
}

/** One client of `tapri.v1` with many subscriptions. */
export class Follower {
  readonly person: Person | undefined
  readonly held: readonly Held[]
  readonly #socket: WebSocket
  readonly #values: Values
  readonly #faults: Faults
  readonly #sight: Sight
  readonly #topics = new Map<number, Held[]>()
  #missing: number
  #onAnswered = () => {}
  #onPong = () => {}

  constructor(
    port: number,
    { person, first, wishes }: { readonly person: Person | undefined; readonly first: number; readonly wishes: readonly Wish[] },
    { values, faults, sight }: { readonly values: Values; readonly faults: Faults; readonly sight: Sight },
  ) {
    this.person = person
    this.#values = values
    this.#faults = faults
    this.#sight = sight
    this.held = wishes.map((wish, at) => ({ number: first + at, wish, etag: undefined, topic: undefined }))
    this.#missing = wishes.length
    this.#socket = new WebSocket(`ws://127.0.0.1:${port}/api/live`, 'tapri.v1', { perMessageDeflate: false })
    this.#socket.on('open', () => {
      this.#send({ type: 'hello', ...(person !== undefined && { token: person.token }) })
      for (const [id, { route, input }] of wishes.entries()) this.#send({ type: 'subscribe', id, route, input })
    })
    this.#socket.on('message', (data) => this.#hear(String(data)))
    this.#socket.on('close', () => {
      faults.broken += this.held.length
    })
    this.#socket.on('error', (error) => console.error(error))
  }

  /** Resolves once every subscription has its first answer. */
  answered(): Promise<void> {
    return new Promise((resolve) => {
      this.#onAnswered = resolve
      if (this.#missing === 0) resolve()
    })
  }

  /** Resolves once everything up to the token has come. */
  async reach(token: string): Promise<void> {
    const pong = new Promise<void>((resolve) => {
      this.#onPong = resolve
    })
    this.#send({ type: 'ping', at: token })
    await pong
  }

  #send(frame: object): void {
    this.#socket.send(JSON.stringify(frame))
  }

  #hear(text: string): void {
    const frame = decodeWire(text) as ServerFrame
    const at = performance.timeOrigin + performance.now()
    if (frame.type === 'patch') for (const change of frame.changes) this.#take(change, at)
    else if (frame.type === 'snapshot') this.#begin(frame, at)
    else if (frame.type === 'ping') this.#send({ type: 'pong' })
    else if (frame.type === 'pong') this.#onPong()
    else if (frame.type !== 'welcome') {
      console.error(text)
      this.#faults.broken++
    }
  }

  #begin({ id, topic, etag, value }: SnapshotFrame, at: number): void {
    const held = this.held[id]
    if (held === undefined) return
    this.#values.hold(etag, value)
    if (held.etag !== undefined) this.#values.letGo(held.etag)
    else if (--this.#missing === 0) this.#onAnswered()
    held.etag = etag
    if (held.topic !== topic) this.#move(held, topic)
    for (const mark of marksOf(value)) this.#sight(held.number, mark, at)
  }

  #move(held: Held, topic: number): void {
    const before = held.topic === undefined ? undefined : this.#topics.get(held.topic)
    before?.splice(before.indexOf(held), 1)
    held.topic = topic
    const others = this.#topics.get(topic)
    if (others === undefined) this.#topics.set(topic, [held])
    else others.push(held)
  }

  #take(change: TopicChange, at: number): void {
    for (const held of this.#topics.get(change.topic) ?? []) {
      if (held.etag === change.etag) this.#faults.repeated++
      else if (held.etag !== change.from) this.#faults.broken++
      else {
        held.etag = change.etag
        for (const mark of this.#values.move(change)) this.#sight(held.number, mark, at)
      }
    }
  }
}

/** The marks of rows that came, or changed. */
function marksIn(ops: Patch): number[] {
  if ('rows' in ops) {
    return [...ops.rows.flatMap(([, inner]) => marksIn(inner)), ...ops.put.flatMap(([, row]) => marksOf(row))]
  }
  if ('keys' in ops) return ops.keys.flatMap(([key, inner]) => (key === 'mark' && 'set' in inner ? numbered(inner.set) : []))
  return 'set' in ops ? marksOf(ops.set) : []
}

function marksOf(value: unknown): number[] {
  if (Array.isArray(value)) return value.flatMap(marksOf)
  return typeof value === 'object' && value !== null && 'mark' in value ? numbered(value.mark) : []
}

/** Rows that were there before have none. */
function numbered(mark: unknown): number[] {
  return typeof mark === 'number' && mark > 0 ? [mark] : []
}
