import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Club, openClub } from '../club.fixture.ts'
import { add, type Commit } from '../index.ts'
import { sqlServers } from '../servers.fixture.ts'
import { scratchDatabase } from './scratch.ts'

interface Place {
  readonly club: Club
  /** As another process has it. */
  readonly other: Club
}

function claim(text: string, check: (place: Place) => Promise<void>): void {
  for (const { kind, server } of sqlServers.filter((each) => each.kind !== 'SQLite')) {
    test(`${kind}: ${text}`, async () => {
      const scratch = await scratchDatabase(server)
      try {
        await using club = await openClub({ url: scratch.url })
        await using other = await openClub({ url: scratch.url })
        await check({ club, other })
      } finally {
        await scratch.dispose()
      }
    })
  }
}

claim('of many rows made at one moment those that are refused are refused alone, and told why', async ({ club }) => {
  const { system, ann } = club
  const gone = await system.users.create({ name: 'gone', email: 'gone@club.test' })
  await system.users.delete(gone.id)
  const making = Array.from({ length: 30 }, (_none, number) => {
    const name = number === 20 ? 'bob' : `person ${number}`
    return system.users.create({ name, email: `${name.replace(' ', '')}@club.test` })
  })
  const naming = Array.from({ length: 30 }, (_none, number) =>
    system.videos.create({ title: `${number}`, author: number % 10 === 7 ? gone.id : ann.id }),
  )
  const told = (await Promise.allSettled([...making, ...naming])).flatMap((each, at) =>
    each.status === 'rejected' ? [`${at} ${each.reason.code} ${each.reason.issues?.[0]?.path}`] : [],
  )
  const named = [37, 47, 57].map((at) => `${at} TAPRI_DATA_NO_SUCH_ROW author`)
  assert.deepEqual(told, ['20 TAPRI_DATA_NOT_UNIQUE email', ...named])
  assert.deepEqual([await system.users.count(), await system.videos.count()], [31, 27])
})

claim('a row that names one that somebody keeps locked keeps no other rows waiting', async ({ club, other }) => {
  const { system, ann, bob } = club
  const [locked, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const holding = other.system.transaction(async (db) => {
    await db.users.update(ann.id, { name: 'Ann' })
    await db.users.count()
    locked.resolve()
    await goOn.promise
  })
  await locked.promise
  let isMade = false
  const waiting = system.videos.create({ title: 'of ann', author: ann.id }).then(() => {
    isMade = true
  })
  const others = Array.from({ length: 20 }, (_none, number) => system.videos.create({ title: `${number}`, author: bob.id }))
  await Promise.all(others)
  assert.equal(isMade, false)
  goOn.resolve()
  await Promise.all([holding, waiting])
  assert.equal(await system.videos.count(), 21)
})

claim('nothing is made while another process has the database for itself', async ({ club, other }) => {
  const { system, ann } = club
  // so that the statement is known already
  await system.videos.create({ title: 'before', author: ann.id })
  const order: string[] = []
  const [taken, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const alone = other.database.exclusive(async () => {
    taken.resolve()
    await goOn.promise
    order.push(`${await other.system.videos.count()} while alone`)
  })
  await taken.promise
  const making = Promise.all(['a', 'b'].map((title) => system.videos.create({ title, author: ann.id }))).then(() => {
    order.push('made')
  })
  // it has reached the server, and waits there
  await new Promise((resolve) => setImmediate(resolve))
  await system.videos.count()
  goOn.resolve()
  await Promise.all([alone, making])
  assert.deepEqual(order, ['1 while alone', 'made'])
})

claim('who begins to listen hears all that is answered later, and nothing that was answered before', async ({ club }) => {
  const { system, ann, database } = club
  const make = (title: string) => system.videos.create({ title, author: ann.id })
  const titles = (commits: readonly Commit[]) =>
    commits.flatMap(({ changes }) => changes.map(({ after }) => after?.title)).toSorted()
  for (let round = 0; round < 5; round++) {
    await Promise.all(['a', 'b', 'c'].map(make))
    const heard: Commit[] = []
    const stop = database.changes.subscribe((commit) => heard.push(commit))
    await Promise.all(['d', 'e'].map(make))
    assert.deepEqual(titles(heard), ['d', 'e'])
    stop()
  }
  assert.equal((await database.changes.since((await database.changes.settled()) - 1, 10)).length, 1)
})

claim('each of the rows made at one moment has its own place in the log, which other processes hear', async ({ club, other }) => {
  const { system, ann } = club
  const start = await club.database.changes.settled()
  const heard: Commit[] = []
  other.database.changes.subscribe((commit) => {
    if (commit.position > start) heard.push(commit)
  })
  await Promise.all(Array.from({ length: 50 }, (_none, number) => system.videos.create({ title: `${number}`, author: ann.id })))
  const positions = (await club.database.changes.since(start, 100)).map(({ position }) => position)
  // where nothing tells of commits, it is looked for them by the clock
  while (heard.length < 50) {
    other.clock.advance(2000)
    await other.database.health()
  }
  assert.deepEqual(
    heard.map(({ position }) => position),
    positions,
  )
  assert.deepEqual([new Set(positions).size, heard.every(({ changes }) => changes.length === 1)], [50, true])
})

claim('an inner transaction that fails takes back what it has changed, sent or not', async ({ club }) => {
  const { system, ann } = club
  const { id } = await system.videos.create({ title: 'a', author: ann.id })
  const no = new Error('no')
  for (const reads of [false, true]) {
    await system.transaction(async (db) => {
      await db.videos.update(id, { views: add(1) })
      const inner = db.transaction(async (within) => {
        await within.videos.update(id, { views: add(10) })
        if (reads) assert.equal(await within.videos.count({ where: { views: { gte: 11 } } }), 1)
        throw no
      })
      await assert.rejects(inner, no)
      const seen = (await db.videos.get(id)).views
      await db.videos.update(id, { views: add(100) })
      assert.equal((await db.videos.get(id)).views, seen + 100)
    })
  }
  assert.equal((await system.videos.get(id)).views, 202)
})

claim('what a caller does to a row that it has read changes nothing of what is written', async ({ club }) => {
  const { system, ann, database } = club
  const { id } = await system.videos.create({ title: 'a', author: ann.id, tags: ['x'] })
  const start = await database.changes.settled()
  await system.transaction(async (db) => {
    const video = await db.videos.get(id)
    Object.assign(video.tags ?? [], { 0: 'y' })
    video.at.setTime(0)
    Object.assign(video, { title: 'b' })
    await db.videos.update(id, { views: 1 })
  })
  const { tags, title, views } = await system.videos.get(id)
  assert.deepEqual({ tags, title, views }, { tags: ['x'], title: 'a', views: 1 })
  const [commit] = await database.changes.since(start, 1)
  const { before } = commit?.changes[0] ?? {}
  assert.deepEqual([before?.title, before?.tags], ['a', ['x']])
})
