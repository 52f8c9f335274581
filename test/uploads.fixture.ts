import { createHash } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startApp, tapri } from 'tapri'
import { email, file, image, model, optional, pick, type Scratch, scratchDatabase, text } from 'tapri/data'
import { openDisk } from 'tapri/files'
import { silentLog } from 'tapri/observe'
import { type Clock, manualClock } from '../packages/tapri/src/kit/clock.ts'

export const mostBytes = 64 * 1024 * 1024

const users = model({ email: email({ unique: true }) })
const videos = model({
  title: text({ min: 1, max: 120 }),
  source: file({ accept: 'video/*', maxSize: mostBytes }),
  poster: optional(image({ maxSize: '1mb', maxPixels: 1_000_000 })),
  notes: optional(file({ accept: 'text/plain, .csv', maxSize: '300kb' })),
})
const { app, auth, controller, member, middleware, policy, visitor } = tapri({ models: { users, videos } })

/** How much each user may keep, by the address; any amount for others. */
export const quotas = new Map<string, number>()

const body = pick(videos, 'title', 'source', 'poster', 'notes')
const noGuests = middleware(({ request }, next) => {
  if (request.headers['x-badge'] === undefined) throw new Error('shown to nobody')
  return next({})
})

/** An app that takes films from visitors, members, and those who show a badge. */
export const films = app({
  controllers: {
    auth: auth({ signUp: pick(users, 'email') }),
    videos: controller('/videos', {
      list: visitor.get('/', ({ db }) => db.videos.find({ orderBy: 'title' })),
      create: visitor.post('/', { body }, ({ db, body }) => db.videos.create(body)),
      add: member.post('/mine', { body }, ({ db, body }) => db.videos.create(body)),
      show: visitor.use(noGuests).post('/badge', { body }, ({ db, body }) => db.videos.create(body)),
      rename: visitor.post('/rename', { body: { title: text() } }, ({ body }) => body),
    }),
  },
  policies: [
    policy('users', { read: () => true }),
    policy('videos', { read: () => true, create: () => true, update: () => true, delete: () => true }),
  ],
  files: { quota: (user) => quotas.get(user.email) ?? null, uploadsAtOnce: 20 },
})

export interface NodeOptions {
  /** Where files are kept, and the database unless `database` names another. */
  readonly folder: string
  readonly database?: string
  /** FILES_URL, when files are not to be in the folder. */
  readonly files?: string
  readonly clock?: Clock
}

/** One process's worth of the app. */
export async function openNode({ folder, database, files, clock = manualClock() }: NodeOptions) {
  return startApp(films.description, {
    host: '127.0.0.1',
    port: 0,
    clock,
    log: silentLog,
    file: null,
    migrate: 'auto',
    environment: {
      NODE_ENV: 'test',
      DATABASE_URL: database ?? `sqlite:${join(folder, 'app.db')}`,
      FILES_URL: files ?? `disk:${join(folder, 'files')}`,
    },
  })
}

/** A folder with one app on it, for one test; its rows are in the server that TEST_DATABASE_URL names, if it does. */
export class Films implements AsyncDisposable {
  readonly folder: string
  readonly clock = manualClock()
  readonly #scratch: Scratch | undefined
  #started: Awaited<ReturnType<typeof openNode>> | undefined

  private constructor(folder: string, scratch: Scratch | undefined) {
    this.folder = folder
    this.#scratch = scratch
  }

  static async open(): Promise<Films> {
    const server = process.env.TEST_DATABASE_URL
    const films = new Films(await newFolder(), server === undefined ? undefined : await scratchDatabase(server))
    films.#started = await films.another()
    return films
  }

  /** Another node on the same folder and database. */
  another() {
    const { folder, clock } = this
    return openNode({ folder, clock, ...(this.#scratch !== undefined && { database: this.#scratch.url }) })
  }

  get started(): Awaited<ReturnType<typeof openNode>> {
    if (this.#started === undefined) throw new Error('The app has not been started')
    return this.#started
  }

  get api(): string {
    return this.started.apiUrl
  }

  get db(): any {
    return this.started.database.asSystem
  }

  /** Begins an upload by tus; answers its URL. */
  async begin(length: number, { route = 'videos.create', field = 'source', headers = {} }: Beginning = {}): Promise<string> {
    const answer = await fetch(`${this.api}/uploads`, {
      method: 'POST',
      headers: {
        'Tus-Resumable': '1.0.0',
        'Upload-Length': String(length),
        'Upload-Metadata': metadata({ route, field }),
        ...headers,
      },
    })
    if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`)
    return new URL(answer.headers.get('location') ?? '', this.api).href
  }

  /** What there is of files: states by name, uploads, keys in the store, files on their way in it. */
  async kept() {
    return keptIn(this.folder, this.db)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.started.stop()
    await this.#scratch?.dispose()
    await rm(this.folder, { recursive: true, force: true })
  }
}

interface Beginning {
  readonly route?: string
  readonly field?: string
  readonly headers?: Readonly<Record<string, string>>
}

export const nothingKept = { files: [], uploads: 0, keys: 0, unfinished: 0 }

export async function keptIn(folder: string, db: any) {
  const rows: readonly { name: string; state: string }[] = await db.tapri_files.find({ orderBy: 'name' })
  const store = await openDisk(join(folder, 'files'))
  const keys = await Array.fromAsync(store.list())
  const count = async (place: string) => (await readdir(join(folder, 'files', place)).catch(() => [])).length
  const uploads: number = await db.tapri_uploads.count()
  const unfinished = (await count('incoming')) + (await count('partial'))
  return { files: rows.map(({ name, state }) => `${name} ${state}`), uploads, keys: keys.length, unfinished }
}

export function newFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'tapri-uploads-'))
}

/** `Upload-Metadata` of tus, for a film called kites.mp4 unless told. */
export function metadata(values: Readonly<Record<string, string>>): string {
  return Object.entries({ filename: 'kites.mp4', filetype: 'video/mp4', ...values })
    .map(([name, value]) => `${name} ${Buffer.from(value).toString('base64')}`)
    .join(',')
}

/** Bytes that begin as a film does, all a little different. */
export function film(size: number): Buffer<ArrayBuffer> {
  const bytes = Buffer.alloc(size)
  for (let at = 0; at < size; at++) bytes[at] = (at * 31 + (at >> 8)) & 0xff
  bytes.write('\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2mp41', 'latin1')
  return bytes
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Sends one piece by tus. */
export function patch(
  url: string,
  offset: number,
  bytes: Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return fetch(url, {
    method: 'PATCH',
    headers: {
      'Tus-Resumable': '1.0.0',
      'Upload-Offset': String(offset),
      'Content-Type': 'application/offset+octet-stream',
      ...headers,
    },
    body: bytes,
  })
}

/** The name that a later request gives to a row. */
export function nameIn(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1)
}
