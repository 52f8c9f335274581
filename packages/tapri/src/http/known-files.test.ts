import assert from 'node:assert/strict'
import { mkdtemp, realpath, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type KnownFile, KnownFiles } from './known-files.ts'

/** As if all files had been there for long. */
const long = { largest: 10, most: 25, now: () => Date.now() + 60_000 }

async function openFolder(t: TestContext) {
  const base = await realpath(await mkdtemp(join(tmpdir(), 'tapri-')))
  t.after(() => rm(base, { recursive: true }))
  const at = (name: string) => join(base, name)
  let written = 0
  /** Each time with another mark, which the file system may be too coarse to give. */
  const write = async (name: string, text: string) => {
    await writeFile(at(name), text)
    await utimes(at(name), 1_000_000_000, 1_000_000_000 + ++written)
  }
  return { base, at, write }
}

async function textOf(known: KnownFile | undefined): Promise<string | undefined> {
  const bytes = await known?.bytes()
  return bytes === undefined ? undefined : Buffer.from(bytes).toString()
}

test('a small file is kept in memory for as long as it is the same file', async (t) => {
  const { base, at, write } = await openFolder(t)
  const files = new KnownFiles(base, long)
  await write('a.txt', 'one')
  const first = await files.find(at('a.txt'))
  assert.equal(await textOf(first), 'one')
  assert.equal(await files.find(at('a.txt')), first)
  assert.equal(first?.bytes(), first?.bytes())
  await write('a.txt', 'two')
  assert.equal(await textOf(await files.find(at('a.txt'))), 'two')
  await write('b.txt', 'six')
  await rename(at('b.txt'), at('a.txt'))
  assert.equal(await textOf(await files.find(at('a.txt'))), 'six')
  await rm(at('a.txt'))
  assert.equal(await files.find(at('a.txt')), undefined)
})

test('a file that has just changed is not kept: the next change may have the same mark of time', async (t) => {
  const { base, at } = await openFolder(t)
  await writeFile(at('a.txt'), 'one')
  const known = await new KnownFiles(base, { ...long, now: () => Date.now() }).find(at('a.txt'))
  assert.equal(known?.facts.size, 3)
  assert.equal(known?.bytes(), undefined)
})

test('a large file is not kept, and of those that are too many together the first is let go', async (t) => {
  const { base, at, write } = await openFolder(t)
  const files = new KnownFiles(base, long)
  await write('large.txt', 'x'.repeat(11))
  assert.equal((await files.find(at('large.txt')))?.bytes(), undefined)
  const names = ['a', 'b', 'c']
  for (const name of names) {
    await write(name, name.repeat(10))
    assert.equal(await textOf(await files.find(at(name))), name.repeat(10))
  }
  const held = await Promise.all(names.map(async (name) => (await files.find(at(name)))?.bytes() instanceof Uint8Array))
  assert.deepEqual(held, [false, true, true])
})

test('a name that leads out of the folder is no file, also when it was one before', async (t) => {
  const { base, at, write } = await openFolder(t)
  const outside = await openFolder(t)
  await outside.write('secret', 'sss')
  const files = new KnownFiles(base, long)
  await symlink(outside.at('secret'), at('link'))
  assert.equal(await files.find(at('link')), undefined)
  await write('a.txt', 'one')
  assert.equal(await textOf(await files.find(at('a.txt'))), 'one')
  await rm(at('a.txt'))
  await symlink(outside.at('secret'), at('a.txt'))
  assert.equal(await files.find(at('a.txt')), undefined)
  assert.equal(await files.find(at('.')), undefined)
})
