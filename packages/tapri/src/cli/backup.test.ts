import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const bin = fileURLToPath(new URL('../../bin/tapri.js', import.meta.url))
const installed = fileURLToPath(new URL('../../../../node_modules', import.meta.url))

const appSource = `
import { tapri } from 'tapri'
import { file, model, pick, text } from 'tapri/data'
const notes = model({ title: text({ max: 80 }), photo: file({ accept: 'text/plain', maxSize: '1mb' }) })
const kit = tapri({ models: { notes }, settings: { PLACE: text() } })
const door = kit.controller('/notes', {
  list: kit.visitor.get('/', ({ db }) => db.notes.find({ orderBy: 'id' })),
  make: kit.visitor.post('/', { body: pick(notes, 'title', 'photo') }, ({ db, body }) => db.notes.create(body)),
  drop: kit.visitor.delete('/:id', async ({ db, params }) => { await db.notes.delete(params.id) }),
})
export default kit.app({
  controllers: { door },
  policies: [kit.policy('notes', { read: () => true, create: () => true, delete: () => true })],
})
`

interface Note {
  readonly id: string
  readonly title: string
  readonly photo: { readonly url: string }
}

class Project implements AsyncDisposable {
  readonly folder: string
  readonly #env = { PATH: process.env.PATH, PORT: '0', HOST: '127.0.0.1', LOG_FORMAT: 'json' }
  #server: ChildProcess | undefined
  #url = ''

  private constructor(folder: string) {
    this.folder = folder
  }

  static async make(): Promise<Project> {
    const made = new Project(await mkdtemp(join(tmpdir(), 'tapri-backup-')))
    await symlink(installed, join(made.folder, 'node_modules'))
    await mkdir(join(made.folder, 'src'))
    await made.write('package.json', '{ "type": "module" }')
    // a setting of the app's own, which the commands need not know
    await made.write('.env', 'PLACE=here\nDATABASE_URL=sqlite:data/app.db?synchronous=off\n')
    await made.write('src/app.ts', appSource)
    await made.write('src/index.ts', `import app from './app.ts'\nawait app.start()\n`)
    return made
  }

  write(path: string, content: string): Promise<void> {
    return writeFile(join(this.folder, path), content)
  }

  run(...words: string[]): Promise<{ code: number | null; out: string; err: string }> {
    return new Promise((done) => {
      const child = execFile(process.execPath, [bin, ...words], { cwd: this.folder, env: this.#env }, (_error, out, err) =>
        done({ code: child.exitCode, out, err }),
      )
    })
  }

  async start(): Promise<void> {
    const child = spawn(process.execPath, [bin, 'start'], {
      cwd: this.folder,
      env: { ...this.#env, NODE_ENV: 'development' },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#server = child
    for await (const line of createInterface({ input: child.stdout })) {
      const url = /Listening on (http:[^\s"]+)/.exec(line)?.[1]
      if (url === undefined) continue
      this.#url = url
      break
    }
    child.stdout.resume()
    assert.notEqual(this.#url, '', 'the app ended before it listened')
  }

  async stop(): Promise<void> {
    const child = this.#server
    if (child === undefined) return
    this.#server = undefined
    child.kill('SIGTERM')
    await once(child, 'exit')
  }

  async note(title: string): Promise<Note> {
    const body = new FormData()
    body.set('title', title)
    body.set('photo', new Blob([`photo of ${title}`], { type: 'text/plain' }), 'photo.txt')
    const answer = await fetch(`${this.#url}/api/notes`, { method: 'POST', body })
    assert.equal(answer.ok, true, await answer.clone().text())
    return noteOf(await answer.json())
  }

  async drop(note: Note): Promise<void> {
    assert.equal((await fetch(`${this.#url}/api/notes/${note.id}`, { method: 'DELETE' })).ok, true)
  }

  /** Titles, and what their photos hold. */
  async notes(): Promise<[string, string][]> {
    const answer = await fetch(`${this.#url}/api/notes`)
    const notes = notesOf(await answer.json())
    return Promise.all(notes.map(async ({ title, photo }) => [title, await (await fetch(new URL(photo.url, this.#url))).text()]))
  }

  async [Symbol.asyncDispose]() {
    await this.stop()
    await rm(this.folder, { recursive: true, force: true })
  }
}

// The app above answers these.
function noteOf(value: unknown): Note {
  return value as Note
}

function notesOf(value: unknown): Note[] {
  return value as Note[]
}

test('a backup of a running app brings back its rows and their files, and is refused a running app', {
  timeout: 120_000,
}, async () => {
  await using project = await Project.make()
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
  await project.write('src/app.ts', appSource)
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
  await using project = await Project.make()
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
  await using project = await Project.make()
  await mkdir(join(project.folder, 'taken'))
  const cases: [string[], RegExp][] = [
    [['backup'], /there is no such file.*TAPRI_DATA_BACKUP/s],
    [['backup', '--to', 'taken'], /"[^"]*taken": it is there already/],
    [['backup', '--files', 'maybe'], /must be yes or no/],
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
