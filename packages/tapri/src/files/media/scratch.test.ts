import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { chown, lstat, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openScratch, sweepScratch } from './scratch.ts'

const longAgo = new Date(Date.now() - 3_700_000)

test('a folder that nobody has touched for an hour is removed, one that is worked in stays', async () => {
  await using left = await openScratch()
  await using worked = await openScratch()
  await writeFile(join(left.folder, '720p.mp4'), 'half')
  await utimes(left.folder, longAgo, longAgo)
  await sweepScratch()
  assert.deepEqual([existsSync(left.folder), existsSync(worked.folder)], [false, true])
})

test('a folder goes with the work it was for', async () => {
  const scratch = await openScratch()
  await writeFile(join(scratch.folder, '720p.mp4'), 'half')
  await scratch[Symbol.asyncDispose]()
  assert.equal(existsSync(scratch.folder), false)
})

test('whoever else is on the machine can neither look into the folders nor stop that they are made', {
  skip: process.platform === 'win32' && 'each user has such a folder there',
}, async () => {
  const usual = process.env.TMPDIR
  const parent = await mkdtemp(join(tmpdir(), 'tapri-scratch-'))
  process.env.TMPDIR = parent
  try {
    const user = process.getuid?.() ?? 0
    for (const name of ['tapri-films', `tapri-films-${user}`]) await writeFile(join(parent, name), 'in the way')
    await using scratch = await openScratch()
    assert.equal((await lstat(scratch.folder)).mode & 0o777, 0o700)
    const link = `${scratch.folder}-link`
    await symlink(parent, link)
    await sweepScratch()
    assert.deepEqual([existsSync(link), existsSync(scratch.folder)], [true, true])
  } finally {
    restore(usual)
    await rm(parent, { recursive: true, force: true })
  }
})

test('folders of other users are left to them', { skip: process.getuid?.() !== 0 && 'needs root' }, async () => {
  await using mine = await openScratch()
  const theirs = `${mine.folder}-theirs`
  await mkdir(theirs)
  try {
    await chown(theirs, 65534, 65534)
    await utimes(theirs, longAgo, longAgo)
    await sweepScratch()
    assert.equal(existsSync(theirs), true)
  } finally {
    await rm(theirs, { recursive: true, force: true })
  }
})

function restore(usual: string | undefined): void {
  if (usual === undefined) delete process.env.TMPDIR
  else process.env.TMPDIR = usual
}
