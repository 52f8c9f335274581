import type { Database } from '../../packages/tapri/src/data/index.ts'
import type { LiveOptions } from '../../packages/tapri/src/live/index.ts'
import type { TestCaller } from '../../packages/tapri/src/live/stall.fixture.ts'
import { randomOf } from '../fuzz.fixture.ts'
import { World } from './world.fixture.ts'

const nodes = 3
/** What waits for the machine alone is done after so many turns of the event loop. */
const patience = 50

/** Tells one story; answers how often an answer was compared. Throws when one was wrong. */
export async function tell(
  seed: number,
  database: Database,
  change?: (options: LiveOptions<TestCaller>) => LiveOptions<TestCaller>,
): Promise<number> {
  const story = new Story(seed, database, change)
  try {
    return await story.tell()
  } finally {
    await story.end()
  }
}

class Story {
  readonly #world: World
  readonly #db: any
  readonly #random: () => number
  readonly #users: string[] = []
  #notes: string[] = []
  #writes: Promise<unknown>[] = []
  #count = 0

  constructor(
    seed: number,
    database: Database,
    change: ((options: LiveOptions<TestCaller>) => LiveOptions<TestCaller>) | undefined,
  ) {
    this.#random = randomOf(seed)
    this.#world = new World(database, this.#random, change)
    this.#db = database.asSystem
  }

  async tell(): Promise<number> {
    const world = this.#world
    for (const name of ['ann', 'bob']) this.#users.push((await this.#db.users.create({ name })).id)
    for (const name of ['left', 'right']) await this.#db.purses.create({ name, amount: 50 })
    for (let count = 0; count < 4; count++) await this.#addNote()
    for (let place = 0; place < nodes; place++) world.startNode(place)
    const [ann = '', bob = ''] = this.#users
    for (const user of [null, ann, ann, bob]) world.join(user)
    if (this.#random() < 0.7) await world.settle()
    for (let step = 0; step < 80; step++) {
      await this.#act()
      await world.turns(1 + this.#below(3))
    }
    world.isAway = false
    await this.#written()
    for (let place = 0; place < nodes; place++) if (world.nodes[place] === undefined) world.startNode(place)
    await world.settle()
    return world.checks
  }

  async end(): Promise<void> {
    await this.#written().catch(() => {})
    await this.#world.close()
    for (const name of ['notes', 'purses', 'users']) await this.#done(this.#db[name].deleteWhere({ id: { not: '' } }))
  }

  async #act(): Promise<void> {
    const world = this.#world
    const kind = this.#below(31)
    const place = this.#below(nodes)
    if (kind < 8) this.#begin(() => this.#write())
    else if (kind < 15) world.nodes[place]?.log.advance()
    else if (kind < 24) this.#stepLines()
    else if (kind < 25) this.#anyLine()?.cut()
    else if (kind < 26) await this.#pass(this.#below(30_000))
    else if (kind < 27) this.#crashOrStart(place)
    else if (kind < 28) world.history.forget(world.history.position - this.#below(6))
    else if (kind < 29 && this.#random() < 0.2) await this.#restore()
    else if (kind < 30) world.isAway = !world.isAway && this.#random() < 0.5
    else this.#begin(() => this.#permit())
  }

  #stepLines(): void {
    for (const line of [...this.#world.network.lines]) if (this.#random() < 0.6) line.step(this.#random() < 0.6)
  }

  #anyLine() {
    const lines = [...this.#world.network.lines]
    return lines[this.#below(lines.length)]
  }

  #crashOrStart(place: number): void {
    const well = this.#world.nodes.filter((node) => node !== undefined).length
    if (this.#world.nodes[place] === undefined) this.#world.startNode(place)
    else if (well > 1) this.#world.crashNode(place)
  }

  /** Time goes by; by then every node has heard of everything: announcements are late by less than what nodes wait for them. */
  async #pass(milliseconds: number): Promise<void> {
    for (const node of this.#world.nodes) while (node?.log.isBehind) node.log.advance()
    await this.#world.turns()
    this.#world.passed()
    this.#world.clock.advance(milliseconds)
  }

  /** A database of another epoch in another state; every node starts anew. */
  async #restore(): Promise<void> {
    await this.#written()
    for (let place = 0; place < nodes; place++) this.#world.crashNode(place)
    for (let count = this.#below(4); count >= 0; count--) await this.#done(this.#write())
    this.#world.history.begin()
    for (let place = 0; place < nodes; place++) this.#world.startNode(place)
  }

  /** Rights come and go. */
  async #permit(): Promise<void> {
    const user = this.#users[this.#below(2)]
    const note = this.#notes[this.#below(this.#notes.length)]
    const kind = this.#below(4)
    if (kind < 2) await this.#db.users.update(user, { role: kind === 0 ? 'editor' : 'reader' })
    else if (note !== undefined) await this.#db.notes.update(note, kind === 2 ? { owner: user } : { open: this.#random() < 0.5 })
  }

  async #write(): Promise<void> {
    const note = this.#notes[this.#below(this.#notes.length)]
    switch (this.#below(7)) {
      case 0:
      case 1:
        return this.#addNote()
      case 2:
        if (note === undefined) return
        this.#notes = this.#notes.filter((each) => each !== note)
        return this.#db.notes.delete(note)
      case 3:
      case 4:
        return note && this.#db.notes.update(note, { rank: this.#below(12) })
      case 5:
        return note && this.#db.notes.update(note, { title: `t${this.#below(30)}` })
      default:
        return this.#move()
    }
  }

  async #addNote(): Promise<void> {
    const owner = this.#users[this.#below(2)]
    const note = { title: `n${this.#count++}`, open: this.#random() < 0.6, rank: this.#below(12), owner }
    this.#notes.push((await this.#db.notes.create(note)).id)
  }

  /** From one purse to the other, and a note besides: half of it would show. */
  #move(): Promise<void> {
    const amount = this.#below(100)
    return this.#db.transaction(async (db: any) => {
      const left = await db.purses.first({ where: { name: 'left' } })
      const right = await db.purses.first({ where: { name: 'right' } })
      await db.purses.update(left.id, { amount })
      await db.purses.update(right.id, { amount: 100 - amount })
    })
  }

  #begin(work: () => Promise<unknown>): void {
    // another write may have deleted the row first
    this.#writes.push(
      work().catch((error) => {
        if (error.code !== 'TAPRI_NOT_FOUND') throw error
      }),
    )
  }

  async #written(): Promise<void> {
    await this.#done(Promise.all(this.#writes.splice(0)))
  }

  /** A node that holds writes back may wait for what it has not heard of yet, or never will: until time has passed. */
  async #done(work: Promise<unknown>): Promise<void> {
    let isDone = false
    const end = () => {
      isDone = true
    }
    work.then(end, end)
    for (let turn = 1; !isDone; turn++) {
      await this.#world.turns(1)
      if (turn % patience === 0) await this.#pass(1_000)
    }
    await work
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit)
  }
}
