// The app of one run, in a process of its own: it fills its database, and tells when each write was committed.
import { startApp } from '../../../packages/tapri/src/app/index.ts'
import { silentLog } from '../../../packages/tapri/src/observe/index.ts'
import { randomOf } from '../random.ts'
import { description, marks } from './app.ts'
import { alertKind, circles, dearest, kinds, type Offer, type Person, type World } from './world.ts'

const world: World = JSON.parse(process.env.BENCH_WORLD ?? '{}')
const started = await startApp(description, {
  port: 0,
  host: '127.0.0.1',
  file: null,
  log: silentLog,
  migrate: 'auto',
  environment: { NODE_ENV: 'production', DATABASE_URL: process.env.BENCH_URL, FILES_URL: process.env.BENCH_FILES },
})
const db: any = started.database.asSystem

/** When COMMIT had answered, by the marks of the writes. */
const committed: [mark: number, at: number][] = []
started.database.changes.onOwnCommit(() => {
  const mark = marks.getStore()
  if (mark !== undefined) committed.push([mark, performance.timeOrigin + performance.now()])
})

process.on('message', (message: any) => {
  if (message.do === 'commits') process.send?.(committed)
  else {
    const { user, system } = process.cpuUsage()
    process.send?.({ cpu: (user + system) / 1e6, rss: process.memoryUsage().rss })
  }
})
process.on('disconnect', () => process.exit())
process.send?.(await fill())

async function fill() {
  const random = randomOf(world.subscriptions)
  const anyOf = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] ?? Reflect.get(values, 0)
  const people = await createAll('users', world.people + 1, (at) => ({
    email: `person${at}@bench.test`,
    circle: circles[at % circles.length],
    writes: at === world.people,
  }))
  const offers = await createAll('offers', world.offers, (at) => ({
    room: `room ${at % world.rooms}`,
    kind: anyOf(kinds),
    price: Math.floor(random() * dearest),
    title: `offer ${at}`,
    open: random() < 0.5,
    circle: anyOf(circles),
    mark: 0,
  }))
  await createAll('alerts', world.people * 10, (at) => ({
    owner: people[at % world.people].id,
    kind: alertKind(Math.floor(at / world.people)),
    mark: 0,
  }))
  const signedIn: Person[] = []
  for (const { id, circle } of people) {
    const token = await started.auth?.issueToken(id)
    if (token !== undefined) signedIn.push({ id, circle, token })
  }
  const writer = signedIn.pop()
  return { port: Number(new URL(started.url).port), people: signedIn, writer, offers: offers as Offer[] }
}

async function createAll(model: string, count: number, make: (at: number) => object): Promise<any[]> {
  const made: object[] = []
  for (let begin = 0; begin < count; begin += 500) {
    const values = Array.from({ length: Math.min(500, count - begin) }, (_, at) => make(begin + at))
    made.push(...(await db[model].createMany(values)))
  }
  return made
}
