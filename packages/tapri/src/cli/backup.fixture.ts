import assert from 'node:assert/strict'
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const bin = fileURLToPath(new URL('../../bin/tapri.js', import.meta.url))
const installed = fileURLToPath(new URL('../../../../node_modules', import.meta.url))

export const notesSource = `
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

export interface Note {
  readonly id: string
  readonly title: string
  readonly photo: { readonly url: string }
}

/** An app with notes, each with a photo, in a folder of its own. */
export class NotesProject implements AsyncDisposable {
  readonly folder: string
  readonly #env = { PATH: process.env.PATH, PORT: '0', HOST: '127.0.0.1', LOG_FORMAT: 'json' }
  #server: ChildProcess | undefined
  #url = ''

  private constructor(folder: string) {
    this.folder = folder
  }

  /** With its files in the folder, unless FILES_URL is another place. */
  static async make(files?: string): Promise<NotesProject> {
    const made = new NotesProject(await mkdtemp(join(tmpdir(), 'tapri-backup-')))
    await symlink(installed, join(made.folder, 'node_modules'))
    await mkdir(join(made.folder, 'src'))
    await made.write('package.json', '{ "type": "module" }')
    // a setting of the app's own, which the commands need not know
    const place = files === undefined ? '' : `FILES_URL=${files}\n`
    await made.write('.env', `PLACE=here\nDATABASE_URL=sqlite:data/app.db?synchronous=off\n${place}`)
    await made.write('src/app.ts', notesSource)
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
