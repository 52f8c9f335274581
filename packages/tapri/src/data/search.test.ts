import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { openCatalog } from './catalog.ts'
import { scratchDatabase } from './drivers/scratch.ts'
import { matches, mayMatch, type StoredRow } from './evaluate.ts'
import { bool, model, openDatabase, optional, type Policy, ReadSet, private as secret, text } from './index.ts'
import { compileSearch, rankOf, wordsOf } from './words.ts'

const models = {
  videos: model(
    { title: text(), about: optional(text()), open: bool({ default: true }), note: secret(optional(text())) },
    { search: ['title', 'about'] },
  ),
}
const policies: readonly Policy[] = [{ model: 'videos', rules: { read: ({ rows }: any) => rows({ open: true }) } }]
const catalog = openCatalog(models, {}, Date.now)

async function openStall(url = 'sqlite::memory:') {
  const database = await openDatabase({ models, policies, url, migrate: 'auto' })
  return {
    database,
    system: database.systemDb<typeof models>(),
    caller: (reads?: ReadSet) => database.asCaller<typeof models>({ user: null }, reads && { reads }),
    [Symbol.asyncDispose]: () => database.close(),
  }
}

test('words are runs of letters and digits, without case and accents, each once', () => {
  assert.deepEqual(wordsOf('Green TEA, green-tea & 2nd Café'), ['green', 'tea', '2nd', 'cafe'])
  assert.deepEqual(wordsOf('cafe\u0301 ÅNGSTRÖM ﬁne ＷＩＤＥ İzmir'), ['cafe', 'angstrom', 'fine', 'wide', 'izmir'])
  assert.deepEqual(wordsOf('ΟΔΟΣ οδός'), ['οδοσ'])
  assert.deepEqual(wordsOf('5㎒ 𝐓𝐞𝐚 Ⓣea'), ['5mhz', 'tea'])
  assert.deepEqual(wordsOf('東京タワー 2026'), ['東', '京', 'タ', 'ワ', 'ー', '2026'])
  assert.deepEqual(wordsOf('हिन्दी 한국어'), ['हिन्दी', '한국어'.normalize('NFKD')])
  assert.deepEqual(wordsOf(" ...\t'%_\n"), [])
})

test('the words of a word are that word, whatever sign it was made from', () => {
  for (let code = 0; code <= 0x10ffff; code++) {
    if (code >= 0xd800 && code <= 0xdfff) continue
    for (const each of wordsOf(String.fromCodePoint(code))) assert.deepEqual(wordsOf(each), [each], code.toString(16))
  }
})

test('a search finds rows that have every word, or one that it begins, in one of the fields', async () => {
  await using stall = await openStall()
  await stall.system.videos.createMany([
    { title: 'Green tea', about: 'How to brew it at the Café' },
    { title: 'Kites', about: 'A kit to build one' },
    { title: 'Tea kit' },
  ])
  const { videos } = stall.caller()
  const titles = async (search: string) => (await videos.find({ search, orderBy: 'title' })).map(({ title }) => title)
  assert.deepEqual(await titles('tea'), ['Green tea', 'Tea kit'])
  assert.deepEqual(await titles('TE'), ['Green tea', 'Tea kit'])
  assert.deepEqual(await titles('kit tea'), ['Tea kit'])
  assert.deepEqual(await titles('cafe brew'), ['Green tea'])
  assert.deepEqual(await titles('ea'), [])
  assert.deepEqual(await titles('tea nothing'), [])
  assert.deepEqual(await titles(' '), ['Green tea', 'Kites', 'Tea kit'])
  assert.deepEqual(await titles(' % '), [])
  assert.equal(await videos.count({ search: 'kit' }), 2)
  assert.equal((await videos.first({ search: 'kit', where: { about: null } }))?.title, 'Tea kit')
  assert.deepEqual(Object.keys((await videos.first({ search: 'kit' })) ?? {}).sort(), ['about', 'id', 'open', 'title'])
})

test('what fits better comes first, unless an order is given', async () => {
  await using stall = await openStall()
  await stall.system.videos.createMany([{ title: 'Other', about: 'tea' }, { title: 'Tea', about: 'tea' }, { title: 'Tea' }])
  const { videos } = stall.caller()
  const titles = (rows: readonly { title: string; about: string | null }[]) => rows.map(({ title, about }) => `${title} ${about}`)
  assert.deepEqual(titles(await videos.find({ search: 'tea' })), ['Tea tea', 'Tea null', 'Other tea'])
  assert.deepEqual(titles(await videos.find({ search: 'tea', orderBy: 'title' })), ['Other tea', 'Tea tea', 'Tea null'])
  const first = await videos.page({ search: 'tea', orderBy: '-title', limit: 2 })
  const rest = await videos.page({ search: 'tea', orderBy: '-title', limit: 2, after: first.next ?? '' })
  assert.deepEqual([...titles(first.rows), ...titles(rest.rows)], ['Tea null', 'Tea tea', 'Other tea'])
})

test('a search follows changes, obeys policies, and touches reads', async () => {
  await using stall = await openStall()
  const { system, database } = stall
  const video = await system.videos.create({ title: 'Tea' })
  await system.videos.create({ title: 'Tea in secret', open: false })
  const reads = new ReadSet()
  const { videos } = stall.caller(reads)
  assert.equal((await videos.find({ search: 'tea' })).length, 1)
  await system.videos.update(video.id, { title: 'Kites' })
  const touched = async () =>
    (await database.changes.since(database.changes.position() - 1, 1))[0]?.changes.some((each) => reads.touchedBy(each))
  assert.equal(await touched(), true)
  assert.deepEqual([await videos.count({ search: 'tea' }), await videos.count({ search: 'kites' })], [0, 1])
  await system.videos.update(video.id, { about: 'No drink' })
  assert.equal((await videos.find({ search: 'kites drink' })).length, 1)
  const [commit] = await database.changes.since(database.changes.position() - 1, 1)
  assert.deepEqual(Object.keys(commit?.changes[0]?.after ?? {}).sort(), ['about', 'id', 'note', 'open', 'title'])
})

test('rows that were there before the search are found once it is declared', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tapri-'))
  const url = `sqlite:${join(folder, 'app.db')}`
  try {
    const plain = { videos: model({ ...models.videos }) }
    const before = await openDatabase({ models: plain, policies: [], url, migrate: 'auto' })
    const many = Array.from({ length: 1201 }, (_, number) => ({ title: `Tea ${number}` }))
    await before.systemDb<typeof plain>().videos.createMany(many)
    await before.close()
    await using stall = await openStall(url)
    assert.equal(await stall.system.videos.count({ search: 'tea' }), 1201)
    assert.equal((await stall.system.videos.first({ search: '1200' }))?.title, 'Tea 1200')
    assert.deepEqual((await stall.database.plan()).steps, [])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})

test('searches that cannot be are refused', async () => {
  await using stall = await openStall()
  for (const search of [5, ['tea'], {}, null] as any[]) {
    await assert.rejects(stall.caller().videos.find({ search }), { code: 'TAPRI_DATA_QUERY' })
  }
  const open = (shape: any) => openDatabase({ models: { videos: shape }, policies: [], url: 'sqlite::memory:', migrate: 'auto' })
  for (const search of ['note', 'open', 'nope'] as any[]) {
    await assert.rejects(open(model({ ...models.videos }, { search: [search] })), { code: 'TAPRI_DATA_MODEL' })
  }
  const many = Object.fromEntries(Array.from({ length: 31 }, (_, number) => [`field${number}`, text()]))
  await assert.rejects(open(model(many, { search: Object.keys(many) as any })), { code: 'TAPRI_DATA_MODEL' })
  const long = 'x'.repeat(51)
  await assert.rejects(open(model({ [long]: text() }, { search: [long] })), { code: 'TAPRI_DATA_MODEL' })
  await assert.rejects(open(model({ tapri_words_title: text() })), { code: 'TAPRI_DATA_MODEL' })
  const none = await open(model({ title: text() }))
  await assert.rejects(none.systemDb<{ videos: any }>().videos.find({ search: 'tea' }), { code: 'TAPRI_DATA_QUERY' })
  const asked: any = { where: { tapri_words_title: ' tea' } }
  await assert.rejects(stall.system.videos.find(asked), { code: 'TAPRI_DATA_QUERY' })
  await none.close()
})

const piece = fc.constantFrom('tea', 'Te', 'a', 'É', 'e\u0301', 'kit', 'ς', 'Σ', '京', '2', ' ', '-', '%', '_', "'", '\u{1f3c6}')
const sentence = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(''))

test('the database and the evaluator agree on what is found, and in which order', async () => {
  const scratch = await scratchDatabase(process.env.TEST_DATABASE_URL ?? 'sqlite::memory:')
  await using stack = new AsyncDisposableStack()
  stack.defer(() => scratch.dispose())
  const stall = stack.use(await openStall(scratch.url))
  const { videos } = stall.system
  const rows = fc.array(fc.record({ title: sentence, about: fc.option(sentence) }), { maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(rows, fc.array(sentence, { minLength: 3, maxLength: 8 }), async (given, searches) => {
      await videos.deleteWhere({})
      const made: StoredRow[] = await videos.createMany(given)
      const known = catalog.get('videos')
      assert.ok(known)
      for (const search of searches) {
        const condition = compileSearch(known, search)
        const rank = (row: StoredRow) => (condition.kind === 'search' ? rankOf(condition, row) : 0)
        const expected = made.filter((row) => matches(condition, row)).toSorted((one, other) => rank(other) - rank(one))
        assert.deepEqual(
          (await videos.find({ search })).map(({ id }) => id),
          expected.map(({ id }) => id),
          search,
        )
        assert.equal(await videos.count({ search }), expected.length)
        for (const row of made) assert.equal(mayMatch(condition, row), expected.includes(row))
      }
    }),
    { numRuns: 80 },
  )
})
