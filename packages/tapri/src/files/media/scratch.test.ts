import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { chown, lstat, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { manualClock, systemClock } from '../../kit/clock.ts'
import { openScratch, sweepScratch } from './scratch.ts'

const longAgo = new Date(Date.now() - 3_700_000)
const usual = process.env.TMPDIR
let place = ''

// others sweep the machine's own while these tests run
before(async () => {
  place = await mkdtemp(join(tmpdir(), 'tapri-scratch-'))
  process.env.TMPDIR = place
})

after(async () => {
  if (usual === undefined) delete process.env.TMPDIR
  else process.env.TMPDIR = usual
  await rm(place, { recursive: true, force: true })
})

test('a folder that nobody has touched for an hour is removed, one that is worked in stays', async () => {
  await using left = await openScratch(systemClock)
  await using worked = await openScratch(systemClock)
  await writeFile(join(left.folder, '720p.mp4'), 'half')
  await utimes(left.folder, longAgo, longAgo)
  await sweepScratch()
  assert.deepEqual([existsSync(left.folder), existsSync(worked.folder)], [false, true])
})

test('a folder stays for as long as it is open, also when nothing is written into it', async () => {
  const clock = manualClock()
  await using scratch = await openScratch(clock)
  for (const minute of [1, 2]) {
    await utimes(scratch.folder, longAgo, longAgo)
    clock.advance(60_000)
    await touched(scratch.folder)
    await sweepScratch()
    assert.equal(existsSync(scratch.folder), true, `minute ${minute}`)
  }
})

test('a folder whose work has ended is touched no more', async () => {
  const clock = manualClock()
  const scratch = await openScratch(clock)
  await scratch[Symbol.asyncDispose]()
  await mkdir(scratch.folder)
  await utimes(scratch.folder, longAgo, longAgo)
  clock.advance(3_600_000)
  await sweepScratch()
  assert.equal(existsSync(scratch.folder), false)
})

test('a folder goes with the work it was for', async () => {
  const scratch = await openScratch(systemClock)
  await writeFile(join(scratch.folder, '720p.mp4'), 'half')
  await scratch[Symbol.asyncDispose]()
  assert.equal(existsSync(scratch.folder), false)
})

test('whoever else is on the machine can neither look into the folders nor stop that they are made', {
  skip: process.platform === 'win32' && 'each user has such a folder there',
}, async () => {
  const parent = await mkdtemp(join(tmpdir(), 'tapri-scratch-'))
  process.env.TMPDIR = parent
  try {
    const user = process.getuid?.() ?? 0
    for (const name of ['tapri-films', `tapri-films-${user}`]) await writeFile(join(parent, name), 'in the way')
    await using scratch = await openScratch(systemClock)
    assert.equal((await lstat(scratch.folder)).mode & 0o777, 0o700)
    const link = `${scratch.folder}-link`
    await symlink(parent, link)
    await sweepScratch()
    assert.deepEqual([existsSync(link), existsSync(scratch.folder)], [true, true])
  } finally {
    process.env.TMPDIR = place
    await rm(parent, { recursive: true, force: true })
  }
})

test('folders of other users are left to them', { skip: process.getuid?.() !== 0 && 'needs root' }, async () => {
  await using mine = await openScratch(systemClock)
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

/** Ends once the folder was touched; one that never is comes to the limit of its test. */
async function touched(folder: string): Promise<void> {
  while ((await lstat(folder)).mtimeMs < longAgo.getTime() + 1000) await setTimeout(1)
}
