import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text as textOf } from 'node:stream/consumers'
import { type Database, model, openDatabase } from '../../data/index.ts'
import { controller, HttpContext, type HttpServer, openHttp, routeKit, servedRoutes } from '../../http/index.ts'
import { type Clock, type ManualClock, manualClock } from '../../kit/clock.ts'
import { type LogEntry, openLog } from '../../observe/index.ts'
import { audio, bool, file, optional, stream, text, video } from '../../schema/index.ts'
import { type Files, fileModels, openFiles, shownFile } from '../index.ts'

/** Why a test that needs ffmpeg cannot be run here. */
export const withoutFfmpeg: string | false =
  spawnSync('ffmpeg', ['-version']).status === 0 && spawnSync('ffprobe', ['-version']).status === 0
    ? false
    : 'ffmpeg is not installed: apt-get install ffmpeg'

const studio = mkdtempSync(join(tmpdir(), 'tapri-studio-'))
process.on('exit', () => spawnSync('rm', ['-rf', studio]))

/** Films that ffmpeg makes for a test, by its arguments; each is made once. */
export function filmed(name: string, args: readonly string[]): File {
  const path = join(studio, name)
  const input = ['-v', 'error', '-n', ...args, path]
  const { stderr } = spawnSync('ffmpeg', input)
  const type = name.endsWith('.webm') ? 'video/webm' : /\.(?:mp3|m4a)$/.test(name) ? 'audio/mpeg' : 'video/mp4'
  try {
    return new File([readFileSync(path)], name, { type })
  } catch (cause) {
    throw new Error(String(stderr), { cause })
  }
}

/** Where a film of the studio lies. */
export function filmedPath(film: File): string {
  return join(studio, film.name)
}

const sine = ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000:duration=6']

export function pictures(size: string, { seconds = 6, rate = 25 } = {}): readonly string[] {
  return ['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=${rate}:duration=${seconds}`]
}

/** Six seconds of what a browser plays as it is. */
export function playable(): File {
  return filmed('kites.mp4', [
    ...pictures('640x360'),
    ...sine,
    '-c:v',
    'libx264',
    '-preset',
    'ultrafast',
    '-g',
    '50',
    '-pix_fmt',
    'yuv420p',
    '-c:a',
    'aac',
  ])
}

/** Six seconds of what it does not. */
export function foreign(): File {
  return filmed('kites.webm', [
    ...pictures('640x360'),
    ...sine,
    '-c:v',
    'libvpx',
    '-deadline',
    'realtime',
    '-b:v',
    '500k',
    '-c:a',
    'libopus',
  ])
}

export function recording(): File {
  return filmed('kites.mp3', [...sine, '-c:a', 'libmp3lame'])
}

const films = model({
  title: text({ default: 'Kites' }),
  open: bool({ default: true }),
  film: optional(video({ maxSize: '50mb', heights: [180, 90] })),
  sound: optional(audio({ maxSize: '50mb', accept: 'audio/*, video/*' })),
  live: stream(),
  plain: optional(file({ accept: 'video/*, audio/*, text/*', maxSize: '50mb' })),
})

function manual(clock: Clock): ManualClock {
  if ('advance' in clock && typeof clock.advance === 'function') return clock as ManualClock
  throw new Error('This clock goes by itself')
}

interface CinemaOptions {
  /** Another store than a folder. */
  readonly store?: string
  /** Another database than a file in the folder. */
  readonly url?: string
  readonly folder?: string
  readonly clock?: Clock
  readonly atOnce?: number
  readonly streamsAtOnce?: number
  readonly ffmpeg?: string
}

/** The films of an app on a real database, a real folder and a real server. */
export class Cinema implements AsyncDisposable {
  readonly clock: Clock
  readonly folder: string
  readonly log: LogEntry[] = []
  database!: Database
  files!: Files
  url = ''
  readonly #options: CinemaOptions
  #http: HttpServer | undefined

  private constructor(folder: string, options: CinemaOptions) {
    this.folder = folder
    this.clock = options.clock ?? manualClock()
    this.#options = options
  }

  /** Moves a clock that is driven. */
  advance(milliseconds: number): void {
    manual(this.clock).advance(milliseconds)
  }

  static async open(options: CinemaOptions = {}): Promise<Cinema> {
    const cinema = new Cinema(options.folder ?? (await mkdtemp(join(tmpdir(), 'tapri-cinema-'))), options)
    await cinema.#start()
    return cinema
  }

  async #start(): Promise<void> {
    const { clock, folder } = this
    const { atOnce = 1, streamsAtOnce = 50, ffmpeg = 'ffmpeg', url = `sqlite:${join(folder, 'app.db')}` } = this.#options
    const log = openLog({ format: 'silent', level: 'debug', clock })
    log.subscribe((entry) => this.log.push(entry))
    this.database = await openDatabase({
      models: { films },
      policies: [{ model: 'films', rules: { read: ({ rows }: any) => rows({ open: true }) } }],
      url,
      clock,
      log,
      migrate: 'auto',
      showFile: (place, given) => shownFile('', place, given),
      internal: fileModels,
      receiveFile: (blob, field) => this.files.receive(blob, field),
    })
    this.files = await openFiles({
      url: this.#options.store ?? `disk:${join(folder, 'files')}`,
      database: this.database,
      clock,
      log,
      films: { atOnce, programs: { ffmpeg, ffprobe: 'ffprobe' } },
      streamsAtOnce,
    })
    const visitor = routeKit<any>('visitor')
    const db = () => this.database.asCaller({ user: null })
    const query = { v: optional(text()), file: optional(text()), token: optional(text()) }
    const routes = {
      file: visitor.get('/files/:model/:id/:field', { query }, ({ params, query, request, ip }) =>
        this.files.download({ db: db(), request, ip }, { ...params, ...query }),
      ),
      part: visitor.get('/files/:model/:id/:field/:part', { query }, ({ params, query, request, ip }) =>
        this.files.part({ db: db(), request, ip }, { ...params, ...query }),
      ),
      push: visitor.put('/streams/:stream', { query: { key: text() }, streamed: true }, ({ params, query, request }) =>
        this.files.streams.push(params.stream, query.key, request),
      ),
    }
    this.#http = openHttp({
      routes: servedRoutes({ films: controller('/', routes) }, '/'),
      Context: HttpContext,
      log,
      production: false,
    })
    this.url = await this.#http.listen({ port: 0, host: '127.0.0.1' })
  }

  get db(): any {
    return this.database.asSystem
  }

  /** Puts a film into a new row, and waits until nothing is left to do. */
  async show(values: object): Promise<any> {
    const { id } = await this.db.films.create(values)
    await this.files.films.settled()
    return this.db.films.get(id)
  }

  get(path: string): Promise<Response> {
    return fetch(this.url + path)
  }

  async text(path: string): Promise<string> {
    return (await this.get(path)).text()
  }

  /** Names of what was made of files, and how many files are in the store. */
  async kept(): Promise<{ names: string[]; keys: number }> {
    const rows: readonly { name: string }[] = await this.db.tapri_renditions.find({ orderBy: 'name' })
    const shards = await readdir(join(this.folder, 'files'))
    const keys = await Promise.all(
      shards.filter((name) => name.length === 2).map((name) => readdir(join(this.folder, 'files', name))),
    )
    return { names: rows.map(({ name }) => name), keys: keys.flat().length }
  }

  async close(): Promise<void> {
    await this.#http?.stop(0)
    await this.files.close()
    await this.database.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
    // a second one on the folder of another leaves it to that one
    if (this.#options.folder === undefined) await rm(this.folder, { recursive: true, force: true })
  }
}

/** How many pictures and how many packets of sound ffmpeg decodes when it plays a URL to its end, and what it complains of. */
export async function played(url: string): Promise<{ frames: number; seconds: number; complaints: string }> {
  const out = await said('ffmpeg', [
    '-nostdin',
    '-v',
    'error',
    '-xerror',
    '-progress',
    'pipe:1',
    '-i',
    url,
    '-map',
    '0:v?',
    '-map',
    '0:a?',
    '-f',
    'null',
    '-',
  ])
  const last = (name: string) => Number([...out.text.matchAll(new RegExp(`^${name}=(\\d+)`, 'gm'))].at(-1)?.[1] ?? 0)
  return { frames: last('frame'), seconds: last('out_time_us') / 1e6, complaints: out.complaints }
}

/** What ffprobe tells of a URL or a path. */
export async function probed(url: string): Promise<any> {
  return JSON.parse((await said('ffprobe', ['-v', 'error', '-show_streams', '-show_format', '-of', 'json', url])).text)
}

async function said(program: string, args: readonly string[]): Promise<{ text: string; complaints: string }> {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const [text, complaints] = await Promise.all([textOf(child.stdout), textOf(child.stderr)])
  return { text, complaints }
}

/** The processes of this machine that work with files of a folder. */
export async function programsIn(folder: string): Promise<string[]> {
  const found: string[] = []
  for (const id of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const command = await readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')
    if (command.includes(`file:${folder}`)) found.push(command.replaceAll('\0', ' '))
  }
  return found
}
