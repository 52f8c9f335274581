import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { everywhere, inFile, visit } from './everywhere.fixture.ts'
import { after, before } from './stages.fixture.ts'

const here = (file: string) => JSON.stringify(new URL(file, import.meta.url).href)
const imports = `
  import { openDatabase } from ${here('../index.ts')}
  import { openDriver } from ${here('../drivers/open.ts')}
  import { after } from ${here('./stages.fixture.ts')}
  const url = process.argv[1]
  const open = (migrate) => openDatabase({ models: after, policies: [], url, migrate })
  const tell = (line) => process.stdout.write(line + '\\n')`

/** One of many nodes that start. */
const node = `${imports}
  const database = await open('auto')
  tell('notes ' + (await database.asSystem.notes.count()))
  await database.close()`

/** One of many that run the files, of which a step is no use twice. */
const files = `${imports}
  const database = await open('plan')
  const add = ({ db }) => db.labels.create({ name: 'made once' })
  const file = { steps: [{ kind: 'rename table', table: 'tags', to: 'labels' }], after: add }
  await database.migrations.applyFiles([{ name: '0001_labels', checksum: 'x', file }])
  tell('labels ' + (await database.asSystem.labels.count()))
  await database.close()`

/** Has done everything but to commit, and stays there. */
const holder = `${imports}
  const database = await open('plan')
  const { steps } = await database.plan()
  const driver = await openDriver(url)
  await driver.exclusively(async () => {
    await driver.migrate(steps.filter((step) => step.needed).map((step) => step.action), ['halfway'], Date.now())
    tell('holding')
    await new Promise(() => setInterval(() => {}, 1000))
  }, { migrates: true })`

class Node implements Disposable {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>
  readonly ended: Promise<unknown[]>

  constructor(script: string, url: string) {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, url], { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#child = child
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
    this.ended = once(child, 'exit')
  }

  async line(): Promise<string | undefined> {
    const { value } = await this.#lines.next()
    return value
  }

  kill(): void {
    this.#child.kill('SIGKILL')
  }

  [Symbol.dispose](): void {
    this.kill()
  }
}

const write = (url: string) =>
  visit({ url, models: before }, async (db) => {
    for (const title of ['a', 'b', 'c']) await db.notes.create({ title, stars: 2 })
    await db.tags.create({ name: 'red' })
  })

everywhere('of four nodes that start at once one migrates, and the others go on when it has', async (url) => {
  await write(url)
  const nodes = Array.from({ length: 4 }, () => new Node(node, url))
  try {
    assert.deepEqual(await Promise.all(nodes.map((each) => each.line())), Array(4).fill('notes 3'))
    for (const { ended } of nodes) assert.deepEqual(await ended, [0, null])
  } finally {
    for (const each of nodes) each.kill()
  }
  await visit({ url, models: after, migrate: 'plan' }, async (_db, database) => {
    assert.equal((await database.migrations.status([])).applied.length, 2)
  })
})

everywhere('of four that run the same files at once each step is taken once', async (url) => {
  await write(url)
  const nodes = Array.from({ length: 4 }, () => new Node(files, url))
  try {
    assert.deepEqual(await Promise.all(nodes.map((each) => each.line())), Array(4).fill('labels 2'))
  } finally {
    for (const each of nodes) each.kill()
  }
})

everywhere('who is killed in the midst of a migration keeps nobody waiting, and the next one ends it', async (url) => {
  await write(url)
  using killed = new Node(holder, url)
  assert.equal(await killed.line(), 'holding')
  using waiting = new Node(node, url)
  killed.kill()
  await killed.ended
  assert.equal(await waiting.line(), 'notes 3')
  await visit({ url, models: after, migrate: 'refuse' }, async (db, database) => {
    const notes = await db.notes.find({ orderBy: ['heading'] })
    assert.deepEqual(
      notes.map(({ heading, stars, word, done }: Record<string, unknown>) => [heading, stars, word, done]),
      ['a', 'b', 'c'].map((heading) => [heading, 2, 'none', false]),
    )
    assert.equal((await db.labels.first()).name, 'red')
    assert.deepEqual((await database.plan()).steps, [])
    await assert.rejects(db.notes.create({ heading: 'a' }), { code: 'TAPRI_DATA_NOT_UNIQUE' })
  })
})

test('SQLite: a file that another process keeps locked for longer than SQLite waits can be opened meanwhile', () =>
  inFile(async (url) => {
    await write(url)
    using killed = new Node(holder, url)
    assert.equal(await killed.line(), 'holding')
    await visit({ url, models: before, migrate: 'plan' }, async (db) => assert.equal(await db.notes.count(), 3))
  }))
