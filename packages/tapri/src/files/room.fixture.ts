import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Database, model, openDatabase, pick } from '../data/index.ts'
import { controller, HttpContext, type HttpServer, openHttp, routeKit, servedRoutes } from '../http/index.ts'
import { type ManualClock, manualClock } from '../kit/clock.ts'
import { type LogEntry, openLog } from '../observe/index.ts'
import { bool, file, optional, private as privately, text } from '../schema/index.ts'
import { type Files, fileModels, openDisk, openFiles, shownFile } from './index.ts'

export const videos = model({
  title: text({ min: 1, max: 120 }),
  published: bool({ default: true }),
  source: optional(file({ accept: 'video/*', maxSize: '1mb' })),
  poster: optional(file({ accept: 'image/png, image/jpeg', maxSize: '100kb' })),
  notes: optional(file({ accept: 'text/plain, .csv, .pdf', maxSize: '300kb' })),
  master: privately(optional(file({ accept: 'video/*', maxSize: '1mb' }))),
})

const policies = [
  {
    model: 'videos',
    rules: {
      read: ({ rows }: { rows: any }) => rows({ published: true }),
      create: () => true,
      update: () => true,
      delete: () => true,
    },
  },
]

type Handle = (context: { db: any; body: any }) => unknown

/** The files room on a real database, a real folder and a real server, for its tests. */
export class Room implements AsyncDisposable {
  readonly folder: string
  readonly clock: ManualClock
  readonly log: LogEntry[] = []
  /** What the form's route does; creates a row unless a test says otherwise. */
  handle: Handle = ({ db, body }) => db.videos.create(body)
  database!: Database
  files!: Files
  url = ''
  #http: HttpServer | undefined
  readonly #isOurs: boolean

  private constructor(folder: string, clock: ManualClock, isOurs: boolean) {
    this.folder = folder
    this.clock = clock
    this.#isOurs = isOurs
  }

  static async open(folder?: string, clock: ManualClock = manualClock()): Promise<Room> {
    const room = new Room(folder ?? (await mkdtemp(join(tmpdir(), 'tapri-files-'))), clock, folder === undefined)
    await room.#start()
    return room
  }

  async #start(): Promise<void> {
    const log = openLog({ format: 'silent', level: 'debug', clock: this.clock })
    log.subscribe((entry) => this.log.push(entry))
    const { clock, folder } = this
    this.database = await openDatabase({
      models: { videos },
      policies,
      url: `sqlite:${join(folder, 'app.db')}`,
      clock,
      log,
      migrate: 'auto',
      showFile: (place, file) => shownFile('', place, file),
      internal: fileModels,
      receiveFile: (blob, field) => this.files.receive(blob, field),
    })
    this.files = await openFiles({ url: `disk:${join(folder, 'files')}`, database: this.database, clock, log })
    const visitor = routeKit<any>('visitor')
    const db = () => this.database.asCaller({ user: null })
    const routes = servedRoutes(
      {
        videos: controller('/', {
          create: visitor.post(
            '/videos',
            { body: pick(videos, 'title', 'published', 'source', 'poster', 'notes', 'master') },
            (context) => this.handle({ db: db(), body: context.body }),
          ),
          file: visitor.get('/files/:model/:id/:field', ({ params, request, ip }) =>
            this.files.download({ db: db(), request, ip }, params),
          ),
        }),
      },
      '/',
    )
    this.#http = openHttp({
      routes,
      Context: HttpContext,
      log,
      production: false,
      readForm: (context, fields) => this.files.readForm(context.request, fields, { signal: context.signal }),
    })
    this.url = await this.#http.listen({ port: 0, host: '127.0.0.1' })
  }

  get db(): any {
    return this.database.asSystem
  }

  /** Sends a form; answers status and body. */
  async post(fields: Readonly<Record<string, string | Blob>>): Promise<{ status: number; body: any }> {
    const form = new FormData()
    for (const [name, value] of Object.entries(fields)) form.append(name, value)
    return this.send(form)
  }

  async send(form: FormData): Promise<{ status: number; body: any }> {
    const response = await fetch(`${this.url}/videos`, { method: 'POST', body: form })
    return { status: response.status, body: await response.json() }
  }

  /** What there is of files: states by name, keys in the store, names of what is being written. */
  async kept(): Promise<{ rows: string[]; keys: number; unfinished: number }> {
    const rows: readonly { name: string; state: string }[] = await this.db.tapri_files.find({ orderBy: 'name' })
    const store = await openDisk(join(this.folder, 'files'))
    const keys = await Array.fromAsync(store.list())
    const unfinished = await readdir(join(this.folder, 'files', 'incoming'))
    return { rows: rows.map((row) => `${row.name} ${row.state}`), keys: keys.length, unfinished: unfinished.length }
  }

  /** Ends when what the clock has set off has been written: writes wait for those before them. */
  async renewed(): Promise<void> {
    await this.db.tapri_files.updateWhere({ name: 'nobody' }, { name: 'nobody' })
  }

  async close(): Promise<void> {
    await this.#http?.stop(0)
    await this.files.close()
    await this.database.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
    if (this.#isOurs) await rm(this.folder, { recursive: true, force: true })
  }
}

export const nothing = { rows: [], keys: 0, unfinished: 0 }

const mp4 = Buffer.from('\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2mp41', 'latin1')
const png = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

/** A file that begins as a film does, of `size` bytes that are all a little different. */
export function film(name = 'kites.mp4', size = 200_000): File {
  const bytes = Buffer.alloc(size)
  for (let at = 0; at < size; at++) bytes[at] = (at * 31 + (at >> 8)) & 0xff
  mp4.copy(bytes)
  return new File([bytes], name, { type: 'video/mp4' })
}

export function picture(name = 'kites.png'): File {
  return new File([png], name, { type: 'image/png' })
}
