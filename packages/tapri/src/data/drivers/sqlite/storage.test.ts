import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type TestContext, test } from 'node:test'

const data = new URL('../../index.ts', import.meta.url).href
/** An app that makes rows when it is told to, and tells what came of it. */
const program = `
  import { createInterface } from 'node:readline'
  import { model, openDatabase, text } from '${data}'
  const notes = model({ text: text() })
  const outcome = (work) => work().then(() => 'done', ({ code, status, message }) => code + ' ' + status + ' ' + message)
  let database
  for await (const order of createInterface({ input: process.stdin })) {
    const open = async () => { database = await openDatabase({ models: { notes }, policies: [], url: process.argv[1], migrate: 'auto' }) }
    const write = () => database.asSystem.notes.create({ text: 'x'.repeat(8000) })
    const count = async () => process.stdout.write(await database.asSystem.notes.count() + '\\n')
    if (order === 'count') await count()
    else process.stdout.write(await outcome(order === 'open' ? open : write) + '\\n')
  }`

interface App {
  readonly child: ChildProcess
  tell(order: 'open' | 'write' | 'count'): Promise<string>
}

function startApp(t: TestContext, url: string, identity: { readonly uid?: number } = {}): App {
  const stdio = ['pipe', 'pipe', 'inherit'] as const
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, url], { stdio: [...stdio], ...identity })
  const { stdin, stdout } = child
  assert.ok(stdin && stdout)
  const lines = createInterface({ input: stdout })[Symbol.asyncIterator]()
  t.after(async () => {
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  })
  return {
    child,
    async tell(order) {
      stdin.write(`${order}\n`)
      return String((await lines.next()).value)
    },
  }
}

async function scratchFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-storage-'))
  t.after(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** How large any file of the process may become, as `ulimit -f` says it. */
function limitFiles({ child }: App, size: number | 'unlimited'): void {
  const { status, stderr } = spawnSync('prlimit', ['--pid', String(child.pid), `--fsize=${size}:unlimited`])
  assert.equal(status, 0, String(stderr))
}

const noLimits = spawnSync('prlimit', ['--version']).status === 0 ? false : 'needs prlimit, of util-linux on Linux'

test('a full disk is said with its code, loses nothing, and writes go on when there is space again', {
  skip: noLimits,
}, async (t) => {
  const folder = await scratchFolder(t)
  const app = startApp(t, `sqlite:${folder}/app.db`)
  assert.equal(await app.tell('open'), 'done')
  assert.equal(await app.tell('write'), 'done')
  limitFiles(app, (await stat(`${folder}/app.db-wal`)).size + 100_000)
  let written = 1
  let refusal = 'done'
  for (; refusal === 'done'; written++) refusal = await app.tell('write')
  written--
  assert.match(refusal, /^TAPRI_DATA_STORAGE 503 Cannot use the database file: /)
  // it is refused as long as there is no space, and reads go on
  assert.match(await app.tell('write'), /^TAPRI_DATA_STORAGE 503 /)
  assert.equal(await app.tell('count'), String(written))
  limitFiles(app, 'unlimited')
  assert.equal(await app.tell('write'), 'done')
  assert.equal(await app.tell('count'), String(written + 1))
  // what was acknowledged is in the file, for others too
  const next = startApp(t, `sqlite:${folder}/app.db`)
  assert.equal(await next.tell('open'), 'done')
  assert.equal(await next.tell('count'), String(written + 1))
})

test('a database file that may only be read is said when it is opened, and opens once it may be written', async (t) => {
  const folder = await scratchFolder(t)
  const file = `${folder}/app.db`
  const maker = startApp(t, `sqlite:${file}`)
  assert.equal(await maker.tell('open'), 'done')
  assert.equal(await maker.tell('write'), 'done')
  maker.child.stdin?.end()
  await once(maker.child, 'exit')
  // modes do not bind root: somebody else asks then
  const isRoot = process.getuid?.() === 0
  const identity = isRoot ? { uid: 65_534 } : {}
  const modes = async (inside: number, around: number) => {
    await chmod(file, inside)
    await chmod(folder, around)
  }
  await modes(0o444, 0o555)
  const app = startApp(t, `sqlite:${file}`, identity)
  assert.match(await app.tell('open'), /^TAPRI_DATA_OPEN 500 .*: the file or its folder may not be written$/)
  if (isRoot) await chown(file, 65_534, 65_534)
  if (isRoot) await chown(folder, 65_534, 65_534)
  await modes(0o644, 0o755)
  assert.equal(await app.tell('open'), 'done')
  assert.equal(await app.tell('write'), 'done')
  assert.equal(await app.tell('count'), '2')
})
