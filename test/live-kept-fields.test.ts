import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  belongsTo,
  decimal,
  file,
  guarded,
  hasMany,
  private as hidden,
  int,
  model,
  openDatabase,
  optional,
  type Policy,
  type ShowFile,
  scratchDatabase,
  softDelete,
  text,
  time,
  version,
} from '../packages/tapri/src/data/index.ts'
import { servers } from '../packages/tapri/src/data/servers.fixture.ts'
import { encodeWire } from '../packages/tapri/src/kit/wire.ts'
import { dice } from '../packages/tapri/src/live/kept/kept.fixture.ts'
import { KeptReads } from '../packages/tapri/src/live/kept/kept-reads.ts'
import type { Hold } from '../packages/tapri/src/live/kept/recording.ts'
import { markReceived } from '../packages/tapri/src/schema/index.ts'

const models = {
  people: model({ name: text(), team: text(), bills: hasMany('bills', 'person') }),
  bills: model(
    {
      person: belongsTo('people', { onDelete: 'cascade' }),
      title: text(),
      total: decimal({ precision: 9, min: '-99999.99', max: '99999.99' }),
      tip: guarded(optional(decimal({ precision: 6 }))),
      rank: guarded(int()),
      note: hidden(optional(text())),
      scan: optional(file({ accept: 'image/*', maxSize: '1mb' })),
      due: optional(time()),
      deletedAt: softDelete(),
      version: version(),
    },
    { search: ['title'] },
  ),
}
const policies: Policy[] = [
  { model: 'people', rules: { read: () => true } },
  {
    model: 'bills',
    rules: {
      read: ({ user, rows }: any) => user !== null && rows({ person: user.id }, { total: { gte: '10' } }),
      fields: {
        tip: { read: ({ user, rows }: any) => user !== null && rows({ person: user.id }) },
        rank: { read: ({ user, rows }: any) => user !== null && rows({ person: { team: user.team } }) },
      },
    } as Policy['rules'],
  },
]
const everyone = [undefined, null, 0, 1, 2] as const

/** What is asked, by whom; nobody in particular is the system. */
const questions: readonly ((db: any, ids: readonly string[]) => Promise<unknown>)[] = [
  (db) => db.bills.find({ orderBy: '-total', limit: 3 }),
  (db) => db.bills.find({ orderBy: ['due', 'title'], limit: 4, select: { total: true, scan: true } }),
  (db) => db.bills.find({ where: { tip: null }, orderBy: 'tip', limit: 2 }),
  (db) => db.bills.find({ orderBy: 'rank', limit: 3 }),
  (db) => db.bills.find({ search: 'tea', limit: 2 }),
  (db) => db.bills.find({ where: { rank: { gt: 2 } }, with: { person: true } }),
  (db) => db.people.find({ with: { bills: { orderBy: '-total', limit: 2 } } }),
  (db) => db.people.find({ with: { bills: { where: { total: { lt: '50' } } } }, orderBy: '-name', limit: 2 }),
  (db) => db.bills.count({ where: { total: { lt: '20.5' } } }),
  (db) => db.bills.sum('total'),
  (db) => db.bills.groupBy({ by: ['person'], count: true, sum: ['total'], max: ['due'] }),
  (db) => db.bills.page({ orderBy: '-total', limit: 2 }),
  (db, ids) => db.bills.get(ids[0]),
  (db, ids) => db.bills.find({ where: { id: { in: ids.slice(0, 6) } }, orderBy: 'title', limit: 5 }),
]

for (const { kind, server } of servers) {
  test(`on ${kind} decimals, files, guarded, private and deleted ones are kept as a fresh read gives them`, async () => {
    const scratch = await scratchDatabase(server)
    const receiveFile = async (blob: Blob) => ({
      value: markReceived({ id: `f${blob.size}`, name: 'scan.png', type: 'image/png', size: blob.size, key: `k${blob.size}` }),
      settle: async () => {},
    })
    const showFile: ShowFile = ({ model, row, field }, { id, name, type, size }) => {
      return { id, name, type, size, url: `/${model}/${row}/${field}` }
    }
    const database = await openDatabase({ models, policies, url: scratch.url, migrate: 'auto', receiveFile, showFile })
    try {
      await follow(database)
    } finally {
      await database.close()
      await scratch.dispose()
    }
  })
}

async function follow(database: Awaited<ReturnType<typeof openDatabase>>): Promise<void> {
  const system: any = database.asSystem
  const next = dice(11)
  const kept = new KeptReads()
  database.changes.subscribe((commit) => kept.onCommit(commit))
  const people: any[] = []
  for (const [name, team] of [
    ['Ann', 'a'],
    ['Bob', 'a'],
    ['Cid', 'b'],
  ])
    people.push(await system.people.create({ name, team }))
  const ids: string[] = []
  const values = () => ({
    person: people[next(3)].id,
    title: ['Tea', 'Kites and tea', 'Çay', ''][next(4)],
    total: `${next(90) - 10}.${10 + next(90)}`,
    tip: next(3) === 0 ? null : `${next(9)}.50`,
    rank: next(6),
    note: 'private',
    due: next(4) === 0 ? null : new Date(next(5) * 1000),
  })
  for (let at = 0; at < 14; at++) ids.push((await system.bills.create(values())).id)
  const holds = new Map<string, { hold: Hold; readonly answer: string; isTold: boolean }>()
  let spared = 0
  for (let write = 0; write < 25; write++) {
    for (const who of everyone) {
      const user = typeof who === 'number' ? people[who] : null
      for (const [at, question] of questions.entries()) {
        const recording = kept.begin()
        const options = { reader: (own: any) => recording.reader(own) }
        const dbOf = (given: object): any => (who === undefined ? database.systemDb(given) : database.asCaller({ user }, given))
        const answer = await told(question(dbOf(options), ids))
        const fresh = await told(question(dbOf({}), ids))
        assert.equal(answer, fresh, `question ${at} of ${who} after write ${write}`)
        const before = holds.get(`${at} ${who}`)
        if (before?.isTold === false) assert.equal(before.answer, fresh, `untold question ${at} of ${who} after write ${write}`)
        if (!recording.askedDatabase) spared++
        const following = { hold: { release() {} } as Hold, answer, isTold: false }
        const hold = recording.keep(() => {
          following.isTold = true
        })
        assert.ok(hold)
        following.hold = hold
        before?.hold.release()
        holds.set(`${at} ${who}`, following)
      }
    }
    const id = ids[next(ids.length)] ?? ''
    const way = next(6)
    if (way === 0) ids.push((await system.bills.create(values())).id)
    else if (way === 1) await system.bills.delete(ids.splice(next(ids.length), 1)[0])
    else if (way === 2) await system.bills.update(id, { scan: new Blob(['x'.repeat(1 + next(5))]) })
    else if (way === 3) await system.people.update(people[next(3)].id, { team: ['a', 'b'][next(2)] })
    else await system.bills.update(id, values())
  }
  assert.ok(spared > 400, `${spared} runs asked nothing`)
  for (const { hold } of holds.values()) hold.release()
  assert.deepEqual([kept.figures.rows, kept.figures.entries], [0, 0])
}

async function told(answer: Promise<unknown>): Promise<string> {
  try {
    return encodeWire(await answer)
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : assert.fail(String(error))
  }
}
