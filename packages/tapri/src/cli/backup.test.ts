import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { NotesProject, notesSource } from './backup.fixture.ts'

test('a backup of a running app brings back its rows and their files, and is refused a running app', {
  timeout: 120_000,
}, async () => {
  await using project = await NotesProject.make()
  await project.start()
  const one = await project.note('one')
  await project.note('two')
  const made = await project.run('backup', '--to', 'kept/monday')
  assert.deepEqual([made.code, made.err], [0, ''])
  assert.match(made.out, /^Backed up to .*kept\/monday: database of .*, 2 files of 24 bytes\n$/)
  await project.drop(one)
  await project.note('three')
  assert.deepEqual(await project.notes(), [
    ['two', 'photo of two'],
    ['three', 'photo of three'],
  ])

  const refused = await project.run('restore', 'kept/monday')
  assert.equal(refused.code, 1)
  assert.match(refused.err, /has it open: stop it first/)
  assert.equal((await project.notes()).length, 2)

  await project.stop()
  // the commands do not need the app to be in order
  await project.write('src/app.ts', 'nonsense(')
  const restored = await project.run('restore', 'kept/monday')
  assert.deepEqual([restored.code, restored.err], [0, ''])
  assert.match(restored.out, /The one before is kept: .*app\.db\.before-/)
  await project.write('src/app.ts', notesSource)
  await project.start()
  assert.deepEqual(await project.notes(), [
    ['one', 'photo of one'],
    ['two', 'photo of two'],
  ])
  assert.deepEqual(
    (await readdir(join(project.folder, 'data'))).filter((name) => name.includes('restoring')),
    [],
  )
})

test('a backup can leave the files out, and has a place by itself', { timeout: 120_000 }, async () => {
  await using project = await NotesProject.make()
  await project.start()
  await project.note('one')
  assert.equal((await project.run('backup', '--files', 'no')).code, 0)
  const [name = ''] = await readdir(join(project.folder, 'backups'))
  assert.match(name, /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{3}Z$/)
  assert.deepEqual(await readdir(join(project.folder, 'backups', name)), ['app.db'])
  await project.stop()
  assert.equal((await project.run('restore', join('backups', name, 'app.db'))).code, 0)
  await project.start()
  assert.deepEqual(await project.notes(), [['one', 'photo of one']])
})

test('what cannot be backed up or restored is told in a sentence, and leaves nothing', { timeout: 120_000 }, async () => {
  await using project = await NotesProject.make()
  await mkdir(join(project.folder, 'taken'))
  const cases: [string[], RegExp][] = [
    [['backup'], /there is no such file.*TAPRI_DATA_BACKUP/s],
    [['backup', '--to', 'taken'], /"[^"]*taken": it is there already/],
    [['backup', '--files', 'maybe'], /must be yes or no/],
    [['backup', '--files', 'no', '--database', 'no'], /there is nothing to do/],
    [['restore', 'nowhere'], /it is not there/],
    [['restore', 'taken'], /Cannot use .*app\.db" as a backup/],
  ]
  for (const [words, sentence] of cases) {
    const { code, err } = await project.run(...words)
    assert.equal(code, 1)
    assert.match(err, sentence)
    assert.doesNotMatch(err, /\n\s+at /)
  }
  assert.equal(existsSync(join(project.folder, 'backups')), false)

  await project.write('.env', 'DATABASE_URL=postgres://ann:s3cret@db.local/kites\n')
  const { code, err } = await project.run('backup', '--to', 'kites.dump')
  assert.equal(code, 1)
  assert.match(err, /pg_dump --host=db\.local --username=ann --format=custom --file=\S+\/kites\.dump kites\n/)
  assert.doesNotMatch(err, /s3cret/)
  assert.match(await readFile(join(project.folder, '.env'), 'utf8'), /s3cret/)
})

test('files that changed since the backup was made are found, and nothing is restored unless that is said', {
  timeout: 120_000,
}, async () => {
  await using project = await NotesProject.make()
  await project.start()
  await project.note('one')
  await project.note('two')
  await project.stop()
  assert.equal((await project.run('backup', '--to', 'kept')).code, 0)
  const kept = join(project.folder, 'kept')
  assert.match(String(execFileSync('sha256sum', ['-c', 'files.sha256'], { cwd: kept })), /^(files\/\S+: OK\n){2}$/)
  const [changed = '', gone = ''] = (await readFile(join(kept, 'files.sha256'), 'utf8')).match(/files\/\S+/g) ?? []
  const bytes = await readFile(join(kept, changed))
  await writeFile(join(kept, changed), bytes.with(3, 0))
  await rm(join(kept, gone))

  const refused = await project.run('restore', 'kept')
  assert.equal(refused.code, 1)
  assert.match(refused.err, /2 of its files are damaged or missing, like "files\/\S+"; --damaged restores what there is/)
  const folder = await readdir(join(project.folder, 'data'))
  assert.ok(!folder.some((name) => name.includes('before') || name.includes('restoring')), String(folder))
  const restored = await project.run('restore', 'kept', '--damaged')
  assert.equal(restored.code, 0)
  assert.match(restored.err, /^Warning: 2 of its files/)
})

test('a backup says which files its rows name in vain, or have another content than when they came', {
  timeout: 120_000,
}, async () => {
  await using project = await NotesProject.make()
  await project.start()
  for (const title of ['one', 'two', 'three']) await project.note(title)
  await project.stop()
  const files = join(project.folder, 'data/files')
  const names = (await readdir(files, { recursive: true })).filter((name) => /^..\/./.test(name))
  const [changed = '', gone = ''] = names
  await writeFile(join(files, changed), 'other words')
  await rm(join(files, gone))
  const { code, out, err } = await project.run('backup', '--to', 'kept')
  assert.deepEqual([code, names.length], [0, 3])
  assert.match(out, /2 files of/)
  assert.match(err, /Warning: 1 files are named by rows and not in the store/)
  assert.match(err, /Warning: 1 files have another SHA-256 than when they came/)
})

test('the files alone are backed up and restored where the database has a tool of its own', { timeout: 120_000 }, async () => {
  await using project = await NotesProject.make()
  await project.start()
  await project.note('one')
  await project.stop()
  await project.write('.env', 'DATABASE_URL=postgres://ann:s3cret@db.local/kites\n')
  assert.equal((await project.run('backup', '--database', 'no', '--to', 'kept')).code, 0)
  assert.deepEqual(await readdir(join(project.folder, 'kept')), ['files', 'files.sha256'])
  await rm(join(project.folder, 'data/files'), { recursive: true })
  const restored = await project.run('restore', 'kept')
  assert.deepEqual([restored.code, restored.err], [0, ''])
  const names = await readdir(join(project.folder, 'data/files'), { recursive: true })
  assert.equal(names.filter((name) => /^..\/./.test(name)).length, 1)
})

test('files are backed up before the first one is there, and a database of a run that broke off is no part of it', {
  timeout: 120_000,
}, async () => {
  await using project = await NotesProject.make()
  await rm(join(project.folder, 'data'), { recursive: true, force: true })
  const made = await project.run('backup', '--database', 'no', '--to', 'kept/empty')
  assert.deepEqual([made.code, made.err], [0, ''])
  assert.ok(existsSync(join(project.folder, 'kept/empty')))
})
