import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { model, text } from '../data/index.ts'
import { openRaw } from './socket.fixture.ts'
import { type Given, type Handlers, openStall, routes, type Stall, settle, turns } from './stall.fixture.ts'

/** Two rows whose likes are ten together, read by two queries with something in between. */
const pair = (between: () => Promise<void>): Handlers => ({
  'pair.get': async ({ db }) => {
    const [one] = await db.videos.find({ where: { title: 'One' } })
    await between()
    const [other] = await db.videos.find({ where: { title: 'Other' } })
    return [one.likes, other.likes]
  },
})

async function withPair(stall: Stall) {
  const { user } = await stall.member('Ann')
  const one = await stall.db.videos.create({ title: 'One', published: true, likes: 10, author: user.id })
  const other = await stall.db.videos.create({ title: 'Other', published: true, likes: 0, author: user.id })
  let likes = 10
  const move = () =>
    stall.db.transaction(async (db: any) => {
      likes--
      await db.videos.update(one.id, { likes })
      await turns(1)
      await db.videos.update(other.id, { likes: 10 - likes })
    })
  return { move }
}

test('half a transaction is never seen, however it falls between the queries of a handler', async (t) => {
  let between = async () => {}
  const stall = await openStall(
    t,
    pair(() => between()),
  )
  const { move } = await withPair(stall)
  const api = stall.open()
  const seen: [number, number][] = []
  api.pair.get.live({}, (value: any) => seen.push(value))
  for (let pause = 0; pause < 8; pause++) {
    between = () => turns(pause)
    await settle(stall, api)
    const moving = move()
    await turns(8 - pause)
    await move()
    await moving
  }
  between = async () => {}
  await settle(stall, api)
  for (const [one, other] of seen) assert.equal(one + other, 10)
  assert.deepEqual(seen.at(-1), [-6, 16])
})

test('commits that tear every run are held back, so that an answer comes', async (t) => {
  let ask = () => {}
  let moves = 0
  const stall = await openStall(
    t,
    pair(async () => {
      ask()
      await turns(6)
    }),
  )
  const { move } = await withPair(stall)
  // asked for from outside of the handler, as other callers would
  const mover = (async () => {
    while (moves < 9) {
      await new Promise<void>((resolve) => {
        ask = resolve
      })
      moves++
      await move()
    }
  })()
  const api = stall.open()
  const seen: [number, number][] = []
  api.pair.get.live({}, (value: any) => seen.push(value))
  await mover
  await settle(stall, api)
  assert.equal(seen.length >= 2, true)
  for (const [one, other] of seen) assert.equal(one + other, 10)
  assert.deepEqual(seen.at(-1), [1, 9])
  // the first answer did not have to wait for the last commit
  assert.ok((seen[0]?.[0] ?? 0) > 1)
})

test('commits that concern nothing of what a slow run reads do not tear it, however many they are', async (t) => {
  const [asked, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  let runs = 0
  const slow = async ({ db }: Given) => {
    runs++
    const rows = await db.videos.find()
    asked.resolve()
    await gate.promise
    return rows.length
  }
  const stall = await openStall(t, { slow }, { models: { logs: model({ text: text() }) }, policies: [] })
  const raw = await openRaw(stall.port)
  raw.send({ type: 'subscribe', id: 1, route: 'slow' })
  await asked.promise
  for (let count = 0; count < 1_100; count++) await stall.db.logs.create({ text: 'kites' })
  gate.resolve()
  assert.deepEqual([(await raw.settle())[0].value, runs], [0, 1])
})

test('a handler for which writes are held back is given up as soon as a transaction would be', async (t) => {
  const asked: (() => void)[] = []
  const stall = await openStall(t, {
    'videos.slow': async ({ db }) => {
      await db.videos.find()
      await new Promise<void>((resolve) => asked.push(resolve))
    },
  })
  const { user } = await stall.member('Ann')
  const write = () => stall.db.videos.create({ title: 'Kites', published: true, author: user.id })
  const raw = await openRaw(stall.port)
  raw.send({ type: 'subscribe', id: 1, route: 'videos.slow' })
  for (let run = 1; run <= 5; run++) {
    while (asked.length < run) await turns(1)
    if (run === 5) break
    await write()
    asked.at(-1)?.()
  }
  const held = write()
  stall.clock.advance(5_000)
  const { id, problem } = await raw.next()
  assert.deepEqual([id, problem?.code], [1, 'TAPRI_LIVE_TIMEOUT'])
  assert.equal((await held).title, 'Kites')
})

test('a run that began before a commit never hides it', async (t) => {
  let arrive = () => {}
  let go = () => {}
  const arrived = new Promise<void>((resolve) => {
    arrive = resolve
  })
  const gate = new Promise<void>((resolve) => {
    go = resolve
  })
  const stall = await openStall(t, {
    'videos.titles': async ({ db }) => {
      const rows = await db.videos.find({ orderBy: 'title' })
      arrive()
      await gate
      return rows.map((row: any) => row.title)
    },
  })
  const { user } = await stall.member('Ann')
  const api = stall.open()
  const seen: string[][] = []
  api.videos.titles.live({}, (value: any) => seen.push(value))
  await arrived
  await stall.db.videos.create({ title: 'Kites', published: true, author: user.id })
  go()
  await settle(stall, api)
  assert.deepEqual(seen, [['Kites']])
})

test('a killed socket comes back and nothing written meanwhile is missed', async (t) => {
  const stall = await openStall(t)
  const { user } = await stall.member('Ann')
  const api = stall.open()
  const seen: string[][] = []
  api.videos.list.live({}, (rows: any) => seen.push(rows.map((row: any) => row.title)))
  await settle(stall, api)
  for (const title of ['A', 'B', 'C']) {
    stall.clock.advance(6_000)
    for (const socket of stall.sockets) socket.destroy()
    await stall.db.videos.create({ title, published: true, author: user.id })
    await settle(stall, api)
  }
  stall.clock.advance(6_000)
  for (const socket of stall.sockets) socket.destroy()
  await settle(stall, api)
  assert.deepEqual(seen, [[], ['A'], ['A', 'B'], ['A', 'B', 'C']])
})

test('whatever is written, whoever is cut off: each client ends with what a call would answer, and never sees what it may not', async (t) => {
  const stall = await openStall(t, routes)
  const ann = await stall.member('Ann')
  const bob = await stall.member('Bob')
  const clients = [stall.open(), stall.open({ token: ann.token }), stall.open({ token: bob.token })]
  const callers = [null, ann.user, bob.user]
  const held: any[][] = [[], [], []]
  const ends: string[] = []
  for (const [index, api] of clients.entries()) {
    const onChange = (rows: any) => {
      held[index] = rows
      for (const row of rows) assert.ok(row.published || row.author.id === callers[index]?.id)
    }
    api.videos.list.live({}, onChange, { onError: (error: any) => ends.push(error.code) })
  }
  const settleAll = async () => {
    let isDone = false
    const settled = settle(stall, ...clients).then(() => {
      isDone = true
    })
    // a client that was cut off while it connected waits for the clock; it must not outrun the handlers' time limit
    for (await turns(10); !isDone; await turns(10)) stall.clock.advance(100)
    await settled
  }
  const live: { id: string }[] = []
  const step = fc.record({
    kind: fc.constantFrom('create', 'create', 'update', 'update', 'delete', 'both', 'cut', 'wait', 'turn'),
    pick: fc.nat(1000),
    title: fc.string({ maxLength: 4 }),
    published: fc.boolean(),
  })
  const act = async ({ kind, pick, title, published }: any) => {
    const row = live[pick % Math.max(1, live.length)]
    const author = pick % 2 === 0 ? ann.user.id : bob.user.id
    if (kind === 'create') live.push(await stall.db.videos.create({ title, published, author }))
    else if (kind === 'cut') {
      // in two steps, so that no run of a handler is older than it may be
      stall.clock.advance(3_000)
      await turns(20)
      stall.clock.advance(3_000)
      ;[...stall.sockets][pick % Math.max(1, stall.sockets.size)]?.destroy()
    } else if (kind === 'wait') await settleAll()
    else if (kind === 'turn') await turns(pick % 4)
    else if (row === undefined) return
    else if (kind === 'update') await stall.db.videos.update(row.id, { title, published, author })
    else if (kind === 'delete') {
      live.splice(live.indexOf(row), 1)
      await stall.db.videos.delete(row.id)
    } else {
      await stall.db.transaction(async (db: any) => {
        live.push(await db.videos.create({ title, published, author }))
        await db.videos.update(row.id, { published: !published })
      })
    }
  }
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
      for (const one of steps) await act(one)
      await settleAll()
      assert.deepEqual(ends, [])
      for (const [index, user] of callers.entries()) {
        const db: any = stall.database.asCaller({ user })
        assert.deepEqual(held[index], await routes['videos.list']({ db } as never))
      }
    }),
    { numRuns: 120, endOnFailure: true },
  )
})
