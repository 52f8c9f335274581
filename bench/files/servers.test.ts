import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { absent, ask, measure, openLoad, openServer, type Server } from './contest.ts'
import { canLook } from './usage.ts'

const skip = canLook ? false : 'what a process uses is told by Linux only'
const bytes = randomBytes(3_000_000)
const home = mkdtempSync(join(tmpdir(), 'tapri-bench-files-test-'))
const shared = join(home, 'shared')
chmodSync(home, 0o711)
mkdirSync(shared)
writeFileSync(join(shared, 'film.bin'), bytes)
after(() => rmSync(home, { recursive: true, force: true }))

async function opened(name: string): Promise<Server & AsyncDisposable> {
  const server = await openServer({ name, title: name }, home, shared)
  return { ...server, [Symbol.asyncDispose]: () => server.stop() }
}

function form(): FormData {
  const data = new FormData()
  data.set('source', new Blob([bytes]), 'film.bin')
  return data
}

for (const name of ['tapri', 'nginx', 'stream', 'express-static', 'fastify-static']) {
  test(`${name} answers ranges with the bytes that were asked for`, { skip: skip || absent([name])[0] }, async () => {
    await using server = await opened(name)
    const origin = `http://127.0.0.1:${server.port}`
    if (name === 'tapri') {
      const row: any = await (await fetch(`${origin}/api/films`, { method: 'POST', body: form() })).json()
      server.path = row.source.url
    }
    const answer = await fetch(origin + server.path, { headers: { Range: 'bytes=1000000-1065535' } })
    assert.equal(answer.status, 206)
    assert.ok(bytes.subarray(1_000_000, 1_065_536).equals(await answer.bytes()))
  })
}

for (const name of ['busboy', 'busboy-hashed', 'multer']) {
  test(`${name} keeps the bytes of a form`, { skip }, async () => {
    await using server = await opened(name)
    const answer = await fetch(`http://127.0.0.1:${server.port}/`, { method: 'POST', body: form() })
    assert.equal(answer.status, 200)
    const [kept = ''] = readdirSync(server.folder)
    assert.ok(bytes.equals(readFileSync(join(server.folder, kept))))
    const told: any = await answer.json()
    if (name === 'busboy-hashed') assert.equal(told.sha256, createHash('sha256').update(bytes).digest('hex'))
  })
}

test('the load counts what it sends and fetches, and what the server uses for it', { skip }, async () => {
  await using server = await opened('tapri')
  const load = openLoad()
  try {
    await load.first
    const size = 20_000_000
    const { words } = await ask(load, { do: 'form', port: server.port, path: '/api/films', field: 'source', size })
    const row: any = JSON.parse(words)
    assert.equal(row.source.size, size)
    const at = { port: server.port, path: row.source.url }
    const whole = await measure(server, load, { do: 'whole', ...at, times: 3 })
    assert.deepEqual([whole.done.bytes, whole.done.answers], [3 * size, 3])
    assert.ok(whole.peak > 20_000_000 && whole.seconds > 0)
    const ranges = { size, length: 65_536, connections: 4 }
    const paced = await ask(load, { do: 'paced', ...at, ...ranges, turns: 1 })
    assert.deepEqual([paced.answers, paced.bytes], [4, 4 * 65_536])
    await assert.rejects(
      ask(load, { do: 'whole', port: server.port, path: '/nowhere', times: 1 }),
      /Expected 200, got HTTP\/1.1 404/,
    )
  } finally {
    await load.stop()
  }
})
