import assert from 'node:assert/strict'
import { add, belongsTo, type Commit, type Database, int, model, openDatabase, type SystemDb, text } from 'tapri/data'

/** Money that goes from one account to another: what the accounts hold is the sum of the transfers, always. */
const models = {
  accounts: model({ name: text({ unique: true }), balance: int({ default: 0 }) }),
  transfers: model(
    { mark: text({ unique: true }), from: belongsTo('accounts'), to: belongsTo('accounts'), amount: int() },
    { search: ['mark'] },
  ),
}
type Models = typeof models

export interface Bank extends AsyncDisposable {
  readonly database: Database
  readonly system: SystemDb<Models>
}

export async function openBank(url: string): Promise<Bank> {
  const database = await openDatabase({ models, policies: [], url, migrate: 'auto' })
  const system = database.systemDb<Models>()
  for (const name of ['a', 'b', 'c']) await system.accounts.upsert({ name }, { on: ['name'], update: {} })
  return { database, system, [Symbol.asyncDispose]: () => database.close() }
}

/** One transaction over two tables, known by its mark. */
export async function transfer({ system }: Bank, mark: string, amount: number): Promise<void> {
  await system.transaction(async (db) => {
    const [from, to] = await db.accounts.find({ orderBy: amount % 2 === 0 ? 'name' : '-name', limit: 2 })
    assert.ok(from && to)
    await db.accounts.update(from.id, { balance: add(-amount) })
    await db.transfers.create({ mark, from: from.id, to: to.id, amount })
    await db.accounts.update(to.id, { balance: add(amount) })
  })
}

/** Nothing acknowledged is lost, nothing is half done, and the change log tells the rows. */
export async function audit({ database, system }: Bank, acknowledged: Iterable<string>): Promise<void> {
  const transfers = await system.transfers.find({ limit: 10_000 })
  const accounts = await system.accounts.find()
  const marks = new Set(transfers.map(({ mark }) => mark))
  for (const mark of acknowledged) assert.ok(marks.has(mark), `${mark} was acknowledged and is not there`)
  for (const mark of [...marks].slice(-20)) {
    const found = await system.transfers.find({ search: mark })
    assert.ok(
      found.some((each) => each.mark === mark),
      `${mark} is found by its words`,
    )
  }
  for (const { id, name, balance } of accounts) {
    let sum = 0
    for (const { from, to, amount } of transfers) sum += (to === id ? amount : 0) - (from === id ? amount : 0)
    assert.equal(balance, sum, `the account ${name} holds what its transfers say`)
  }
  const rows = new Map([...accounts, ...transfers].map((row) => [row.id, row]))
  assert.deepEqual(replay(await database.changes.since(0, 100_000)), rows)
}

function replay(commits: readonly Commit[]): Map<string, unknown> {
  const rows = new Map<string, unknown>()
  for (const { id, before, after } of commits.flatMap(({ changes }) => changes)) {
    assert.deepEqual(rows.get(id) ?? null, before)
    if (after === null) rows.delete(id)
    else rows.set(id, after)
  }
  return rows
}
