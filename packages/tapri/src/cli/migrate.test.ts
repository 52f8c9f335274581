import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { newId } from '../kit/ids.ts'
import { appSource, type Project, project } from './project.fixture.ts'

const titled = 'title: text({ max: 80 })'
const withField = (field: string) => appSource.replace(titled, field).replace('model, text', 'model, optional, text, was')
const renamed = withField("heading: was('title', text({ max: 80 }))")

function database(made: Project): DatabaseSync & Disposable {
  const opened = new DatabaseSync(join(made.folder, 'data/app.db'))
  return Object.assign(opened, { [Symbol.dispose]: () => opened.close() })
}

function addNote(made: Project, title: string): void {
  using opened = database(made)
  opened.prepare('INSERT INTO notes (id, title) VALUES (?, ?)').run(newId(), title)
}

test('the plan says what each step costs, what stands in its way, and what may have been meant', async () => {
  await using made = await project()
  await made.run('migrate', 'apply')
  addNote(made, 'kept')
  await made.write('src/app.ts', withField('heading: text({ max: 80 })'))
  const { out } = await made.run('migrate')
  assert.match(out, /^! add the column "heading" of "notes" \(copies the table; blocked: 1 row would have no value in it/m)
  assert.match(out, /^ {4}if it is "title" by another name, declare heading: was\('title', …\)$/m)
  assert.match(
    out,
    /^! drop the column "title" of "notes" \(copies the table; loses the values of "title" of "notes" in 1 row\)$/m,
  )
  await made.write('src/app.ts', renamed)
  assert.match((await made.run('migrate')).out, /^ {2}rename the column "title" of "notes" to "heading" \(instant\)$/m)
})

test('a file is written, reviewed and applied once, with a step of its own for the rows', async () => {
  await using made = await project()
  const first = await made.run('migrate', 'write', 'first')
  assert.match(first.out, /create the table "notes".*Wrote migrations\/0001_first\.ts/s)
  assert.match((await made.run('migrate')).out, /0001_first.*run these files/s)
  assert.match((await made.run('migrate', 'apply')).out, /Done: 1 file/)
  assert.match((await made.run('migrate', 'write', 'nothing')).out, /have all that the models ask for/)
  addNote(made, 'kept')

  await made.write('src/app.ts', withField('title: text({ max: 80 }), mood: optional(text())'))
  const early = await made.run('migrate', 'apply')
  assert.match(early.err, /Cannot go on: write a file for this/)
  await made.run('migrate', 'write', 'mood')
  const path = 'migrations/0002_mood.ts'
  const text = await readFile(join(made.folder, path), 'utf8')
  assert.match(text, /\/\/ add the column "mood" of "notes"\n {4}\{ kind: 'add column'/)
  await made.write(
    path,
    text.replace('],\n})', "],\n  after: ({ db }) => db.notes.updateWhere({ mood: null }, { mood: 'calm' }),\n})"),
  )
  assert.equal((await made.run('migrate', 'apply')).code, 0)
  assert.match((await made.run('migrate', 'apply')).out, /nothing to do/)
  using opened = database(made)
  assert.deepEqual(
    opened
      .prepare('SELECT title, mood FROM notes')
      .all()
      .map((row) => ({ ...row })),
    [{ title: 'kept', mood: 'calm' }],
  )

  const status = await made.run('migrate', 'status')
  assert.match(
    status.out,
    /^20\S+Z {2}0001_first \(steps\)\n20\S+Z {2}0002_mood \(steps\)\n20\S+Z {2}0002_mood \(after\)\n\nThe database fits/,
  )
  await made.write(path, `// said otherwise\n${text}`)
  const edited = await made.run('migrate', 'apply')
  assert.equal(edited.code, 1)
  assert.match(edited.err, /"0002_mood" was changed after it was applied/)
})

test('a file that loses data is written only when that is said', async () => {
  await using made = await project()
  await made.run('migrate', 'write', 'first')
  await made.write('src/app.ts', withField('other: optional(text())'))
  await made.run('migrate', 'write', 'other')
  assert.doesNotMatch(await readFile(join(made.folder, 'migrations/0002_other.ts'), 'utf8'), /drop column/)
  await made.run('migrate', 'write', 'drop', '--allow-loss')
  assert.match(
    await readFile(join(made.folder, 'migrations/0003_drop.ts'), 'utf8'),
    /\/\/ loses the values of "title" of "notes"\n/,
  )
  assert.match((await made.run('migrate', 'apply')).out, /Done: 3 files/)
  using opened = database(made)
  assert.deepEqual(
    opened
      .prepare("SELECT name FROM pragma_table_info('notes')")
      .all()
      .map(({ name }) => name),
    ['id', 'other'],
  )
})

test('status names what was changed by hand and ends with 1 while the models do not fit', async () => {
  await using made = await project()
  await made.run('migrate', 'apply')
  {
    using opened = database(made)
    opened.exec(
      'ALTER TABLE notes ADD COLUMN mine TEXT; CREATE INDEX by_hand ON notes (mine); ALTER TABLE notes DROP COLUMN title',
    )
  }
  const { out, code } = await made.run('migrate', 'status')
  assert.equal(code, 1)
  assert.match(out, /the column "mine" of "notes" is in no model/)
  assert.match(out, /the index "by_hand" of "notes" was made by hand/)
  assert.match(out, /it needs:\n {2}add the column "title" of "notes"/)
})

test('dev takes a rename by itself, and says what to do where something would be lost', async () => {
  await using made = await project()
  const dev = made.listen('dev')
  await dev.until(/Listening on/)
  addNote(made, 'kept')
  await made.write('src/app.ts', renamed)
  assert.match(await dev.until(/Listening on/), /rename the column \\?"title\\?" of \\?"notes\\?" to \\?"heading/)
  assert.equal(heading(made), 'kept')
  await made.write('src/app.ts', withField('heading: bool()').replace('model, opt', 'bool, model, opt'))
  const told = await dev.until(/mend and save/)
  assert.match(told, /change the column "heading" of "notes" from text to bool: 1 row would have no value in it/)
  assert.match(told, /run "tapri migrate"/)
  await made.write('src/app.ts', renamed)
  await dev.until(/Listening on/)
  assert.equal(heading(made), 'kept')
  dev.child.kill('SIGINT')
  await once(dev.child, 'exit')
})

function heading(made: Project): unknown {
  using opened = database(made)
  return opened.prepare('SELECT heading FROM notes').get()?.heading
}
