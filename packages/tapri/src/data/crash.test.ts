import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { openClub } from './club.fixture.ts'
import type { Commit } from './index.ts'

const fixture = new URL('./club.fixture.ts', import.meta.url).href

/** Writes one row, two rows at once, a change and a delete, over and over; says what was acknowledged. */
const writer = `
  import { openClub } from '${fixture}'
  const { system, ann, clock } = await openClub({ url: process.argv[1] })
  for (let number = 0; ; number++) {
    const { id } = await system.videos.create({ title: 'v' + number, author: ann.id })
    process.stdout.write('made ' + id + '\\n')
    const pair = await system.transaction(async (db) => [
      await db.comments.create({ text: 'a', video: id, author: ann.id }),
      await db.comments.create({ text: 'b', video: id, author: ann.id }),
    ])
    process.stdout.write('pair ' + pair.map((row) => row.id).join(' ') + '\\n')
    await system.videos.update(id, { views: number })
    if (number % 3 === 0) {
      await system.videos.delete(id)
      process.stdout.write('gone ' + id + '\\n')
    }
    clock.advance(1)
  }`

/** Kills the writer in the midst of its work; answers what it had acknowledged. */
async function writeAndKill(url: string, lines: number): Promise<string[]> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', writer, url], { stdio: ['ignore', 'pipe', 'inherit'] })
  const acknowledged: string[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    acknowledged.push(line)
    if (acknowledged.length === lines) child.kill('SIGKILL')
  }
  return acknowledged
}

test('kill -9 in the midst of writing loses nothing acknowledged, and the log tells the rows', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tapri-'))
  const url = `sqlite:${folder}/app.db`
  try {
    for (const lines of [40, 151, 97]) {
      const acknowledged = await writeAndKill(url, lines)
      assert.ok(acknowledged.length >= lines)
      await using club = await openClub({ url })
      const rows = await allRows(club)
      const gone = new Set(acknowledged.filter((line) => line.startsWith('gone')).map((line) => line.slice(5)))
      for (const line of acknowledged) {
        const [kind, ...ids] = line.split(' ')
        if (kind === 'made') assert.ok(rows.has(ids[0] ?? '') || isDeletedLast(acknowledged, line, gone), line)
        if (kind === 'gone') assert.equal(rows.has(ids[0] ?? ''), false, line)
        // a half of a pair may not be there alone
        if (kind === 'pair') assert.equal(rows.has(ids[0] ?? ''), rows.has(ids[1] ?? ''), line)
      }
      assert.equal(await club.system.videos.count({ search: 'v' }), await club.system.videos.count())
      assert.deepEqual(replay(await club.database.changes.since(0, 100_000)), rows)
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
})

/** The last delete may have been committed without its acknowledgement having reached us. */
function isDeletedLast(lines: readonly string[], line: string, gone: ReadonlySet<string>): boolean {
  const isLast = lines.findLast((each) => each.startsWith('made')) === line
  return gone.has(line.slice(5)) || isLast
}

async function allRows({ system }: Awaited<ReturnType<typeof openClub>>): Promise<Map<string, unknown>> {
  const tables = await Promise.all([
    system.users.find(),
    system.videos.find({ limit: 10_000 }),
    system.comments.find({ limit: 10_000 }),
  ])
  return new Map(tables.flat().map((row) => [row.id, row]))
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
