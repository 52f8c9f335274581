import { setTimeout as sleep } from 'node:timers/promises'
import { readToken } from '../../../packages/tapri/src/kit/protocol.ts'
import { randomOf } from '../random.ts'
import type { Written } from './judge.ts'
import { alertKeysOf, alertKind, circles, dearest, keysOf, kinds, type Offer, type Person, type World } from './world.ts'

type Write = Omit<Written, 'at' | 'isTimed'>

interface Request {
  readonly method: 'POST' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly body?: object
}

/** A server that is so far behind does not keep the pace, which is told. */
const mostAtOnce = 20

/** Writes over HTTP as somebody who may, at a steady pace, and remembers what each write left. */
export class PacedWriter {
  readonly writes: Write[] = []
  readonly #url: string
  readonly #writer: Person
  readonly #world: World
  readonly #people: readonly Person[]
  /** Those that no write is under way for. The one that was written last is at the end, and left alone for long enough that this
   * write is seen before the next. */
  readonly #offers: Offer[]
  readonly #random = randomOf(7)
  #mark = 0
  #token = ''

  constructor(
    url: string,
    {
      world,
      people,
      offers,
      writer,
    }: { readonly world: World; people: readonly Person[]; offers: readonly Offer[]; writer: Person },
  ) {
    this.#url = url
    this.#writer = writer
    this.#world = world
    this.#people = people
    this.#offers = [...offers]
  }

  /** Where everything that was written is seen. */
  get token(): string {
    return this.#token
  }

  /** Begins a write when its time has come, whether or not those before it are done, unless many are not; ends when all are.
   * Answers how many a second were done. */
  async write(count: number, perSecond: number): Promise<number> {
    const begun = performance.now()
    const underWay = new Set<Promise<void>>()
    for (let turn = 0; turn < count; turn++) {
      const wait = begun + (turn * 1000) / perSecond - performance.now()
      if (wait > 1) await sleep(wait)
      if (underWay.size >= mostAtOnce) await Promise.race(underWay)
      const write = this.#write().finally(() => underWay.delete(write))
      underWay.add(write)
    }
    await Promise.all(underWay)
    return count / ((performance.now() - begun) / 1000)
  }

  #write(): Promise<void> {
    const share = this.#below(100)
    if (share < 35) return this.#change({ price: this.#below(dearest) })
    if (share < 55) return this.#change({ title: `title ${this.#mark}` })
    if (share < 70) return this.#change({ room: this.#room() })
    if (share < 80) return this.#change({ open: share % 2 === 0 })
    if (share < 85) return this.#create()
    return share < 90 ? this.#remove() : this.#alert()
  }

  async #change(values: Partial<Offer>): Promise<void> {
    const before = this.#take()
    const mark = ++this.#mark
    const offer = { ...before, ...values, mark }
    this.#note(offer)
    await this.#ask({ method: 'PATCH', path: `/offers/${before.id}`, body: { ...values, mark } })
    this.#offers.push(offer)
  }

  async #create(): Promise<void> {
    const mark = ++this.#mark
    const [kind = '', circle = ''] = [kinds[this.#below(kinds.length)], circles[this.#below(circles.length)]]
    const open = this.#below(2) === 0
    const values = { room: this.#room(), kind, price: this.#below(dearest), title: `title ${mark}`, open, circle, mark }
    const { id } = await this.#ask({ method: 'POST', path: '/offers', body: values })
    this.#note({ id, ...values })
    this.#offers.push({ id, ...values })
  }

  async #remove(): Promise<void> {
    await this.#ask({ method: 'DELETE', path: `/offers/${this.#take().id}` })
  }

  async #alert(): Promise<void> {
    const mark = ++this.#mark
    const owner = this.#people[this.#below(this.#people.length)]?.id ?? ''
    const alert = { owner, kind: alertKind(this.#below(10)), mark }
    this.writes.push({ mark, keys: alertKeysOf(alert), circle: undefined, owner })
    await this.#ask({ method: 'POST', path: '/alerts', body: alert })
  }

  #note(offer: Offer): void {
    const circle = offer.open ? undefined : offer.circle
    this.writes.push({ mark: offer.mark, keys: keysOf(offer, this.#world), circle, owner: undefined })
  }

  async #ask({ method, path, body }: Request): Promise<any> {
    const answer = await fetch(`${this.#url}/api${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.#writer.token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`Cannot go on: ${method} ${path} was answered with ${answer.status} ${text}`)
    const token = answer.headers.get('tapri-token') ?? ''
    if (readToken(token)[1] > readToken(this.#token)[1]) this.#token = token
    return text === '' ? undefined : JSON.parse(text)
  }

  /** One of the half that was not written for longest. */
  #take(): Offer {
    const [offer] = this.#offers.splice(this.#below(Math.floor(this.#offers.length / 2)), 1)
    if (offer === undefined) throw new Error('Cannot write: there are no offers')
    return offer
  }

  #room(): string {
    return `room ${this.#below(this.#world.rooms)}`
  }

  #below(bound: number): number {
    return Math.floor(this.#random() * bound)
  }
}
