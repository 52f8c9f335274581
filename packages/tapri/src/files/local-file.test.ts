import assert from 'node:assert/strict'
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { sweepCopies } from './local-file.ts'

test('copies that a killed process has left are removed; those that are worked with, and what is not ours, stay', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tapri-copies-'))
  const { TMPDIR } = process.env
  process.env.TMPDIR = folder
  try {
    const before = new Date(Date.now() - 3_700_000)
    for (const name of ['tapri-file-left', 'tapri-file-used', 'somebody-else']) {
      await mkdir(join(folder, name))
      await writeFile(join(folder, name, 'file'), 'kites')
      if (name !== 'tapri-file-used') await utimes(join(folder, name), before, before)
    }
    await sweepCopies()
    assert.deepEqual((await readdir(folder)).sort(), ['somebody-else', 'tapri-file-used'])
  } finally {
    if (TMPDIR === undefined) delete process.env.TMPDIR
    else process.env.TMPDIR = TMPDIR
    await rm(folder, { recursive: true, force: true })
  }
})
