import type { IncomingMessage } from 'node:http'
import type { Bus } from '../bus/index.ts'
import type { Database, Models } from '../data/index.ts'
import type { Answer } from '../http/index.ts'
import { type Clock, systemClock } from '../kit/clock.ts'
import { milliseconds } from '../kit/measures.ts'
import type { Log } from '../observe/index.ts'
import { silentLog } from '../observe/index.ts'
import type { FieldFacts, Fields } from '../schema/index.ts'
import type { DownloadContext, Wanted } from './access.ts'
import { Downloads } from './download.ts'
import { requireSendBy } from './elsewhere.ts'
import { fileDb } from './file-db.ts'
import { type FormLimits, type FormSender, formLimits, receiveForm } from './form.ts'
import { lookAtPicture } from './images/look.ts'
import { Pictures } from './images/pictures.ts'
import { hasSharp } from './images/sharp.ts'
import { Ledger } from './ledger.ts'
import { filmActions } from './media/actions.ts'
import { filmPart } from './media/film-parts.ts'
import { Films } from './media/films.ts'
import type { Programs } from './media/programs.ts'
import { downloadPart, type PartMakers, type WantedPart } from './parts.ts'
import { type Quota, Quotas, type Sender } from './quota.ts'
import { type Inspect, receiveBlob } from './receive.ts'
import { Renditions } from './renditions.ts'
import { Signing } from './signing.ts'
import { openStore } from './stores/open.ts'
import { livePart } from './streams/live-part.ts'
import { Streams } from './streams/streams.ts'
import { sweeping } from './sweeping.ts'
import type { FileActions, SendBy } from './types.ts'
import { claimUploads } from './uploads/claim.ts'
import { Digests } from './uploads/digests.ts'
import { Holds } from './uploads/holds.ts'
import type { RouteBook } from './uploads/tools.ts'
import { Uploads } from './uploads/uploads.ts'
import { fileActions } from './urls.ts'

export interface FilesOptions {
  /** Where the bytes are kept, like `FILES_URL`: `disk:` and a folder, `s3:`, `azure:` or `cloudinary:`. */
  readonly url: string
  /** Must have been opened with `fileModels` among its internal models. */
  readonly database: Database
  readonly clock?: Clock
  readonly log?: Log
  readonly limits?: Partial<FormLimits>
  /** The routes whose file fields uploads are for. */
  readonly routes?: RouteBook
  /** Between the processes that share the database, so that they need not wait for each other's uploads. */
  readonly bus?: Bus
  /** What each user may keep in all; any amount unless told. */
  readonly quota?: Quota | undefined
  /** Uploads that a user, or a visitor's address, may have unfinished or unused at once: 100 unless told. */
  readonly uploadsAtOnce?: number | undefined
  /** How long an upload waits to be gone on with, or to be given to a row: a day unless told. */
  readonly uploadsFor?: number | string | undefined
  /** In front of the paths of the app's API, in URLs. */
  readonly base?: string
  /** How films are made ready for streaming: one at a time, unless told, by the `ffmpeg` and `ffprobe` that are found in PATH. */
  readonly films?: { readonly atOnce?: number; readonly programs?: Programs } | undefined
  /** How many encoders may send live to this process at once: 50 unless told. */
  readonly streamsAtOnce?: number | undefined
  /** This process, unless told. */
  readonly sendBy?: SendBy | undefined
  /** URLs are signed with the first, and the others are still believed; without one those of this process are believed by it. */
  readonly secrets?: readonly string[]
  readonly production?: boolean
}

/** The files of an app: received from forms, kept with the rows that own them, answered to those who may read these. */
export interface Files {
  /** Receives a multipart form. `settle` must be called once its handler has ended: files that no row has
   * taken by then are removed.
   * @throws TAPRI_FILES_FORM, TAPRI_FILES_FORM_TOO_LARGE, TAPRI_FILES_TOO_LARGE, TAPRI_FILES_TYPE,
   * TAPRI_FILES_ABORTED, TAPRI_FILES_STALLED, TAPRI_FILES_STORE, TAPRI_INVALID */
  readForm(
    request: IncomingMessage,
    fields: Fields,
    options?: Partial<FormSender>,
  ): Promise<{ readonly values: Record<string, unknown>; settle(kept: boolean): Promise<void> }>
  /** Puts the files that a body names as uploads, `{ "source": { "upload": "…" } }`, into their places.
   * @throws TAPRI_INVALID, TAPRI_FILES_UNFINISHED */
  claim(values: unknown, fields: Fields, user: Sender | null): Promise<unknown>
  /** Files that come over several requests. */
  readonly uploads: Uploads
  /** Takes in a file that the app itself gives to a row.
   * @throws TAPRI_FILES_TOO_LARGE, TAPRI_FILES_TYPE, TAPRI_FILES_STORE */
  receive(file: Blob, field: FileFacts): Promise<{ readonly value: object; settle(): Promise<void> }>
  /** Answers the file in a field of a row that the context's caller may read, or has a signed URL for.
   * @throws TAPRI_NOT_FOUND, TAPRI_FILES_SIGNATURE */
  download(context: DownloadContext, wanted: Wanted): Promise<Answer>
  /** Answers what was made of such a file: a size of a picture, a poster, a playlist.
   * @throws TAPRI_NOT_FOUND, TAPRI_FILES_SIGNATURE */
  part(context: DownloadContext, wanted: WantedPart): Promise<Answer>
  /** What handlers do with files that rows show. */
  readonly actions: FileActions
  /** Films and recordings, and how they are made ready. */
  readonly films: Films
  /** What encoders send live. */
  readonly streams: Streams
  /** Removes what no row has; runs by itself after the start and every hour. */
  sweep(): Promise<void>
  close(): Promise<void>
}

type FileFacts = FieldFacts & { readonly kind: 'file' }

/**
 * Opens the files of an app, and from then on removes what crashes have left. Several processes may do so on one database
 * and one store.
 * @throws TAPRI_FILES_URL, TAPRI_FILES_STORE
 * @example const files = await openFiles({ url: 'disk:data/files', database })
 */
export async function openFiles(options: FilesOptions): Promise<Files> {
  const { database, clock = systemClock, log = silentLog } = options
  const store = await openStore(options.url, clock)
  const db = fileDb(database.asSystem)
  const quotas = new Quotas(db, { clock, quota: options.quota })
  const ledger = new Ledger({ database, store, clock, log, quotas })
  const signing = new Signing({ secrets: options.secrets ?? [], production: options.production ?? false, clock, log })
  const renditions = new Renditions({ db, store, clock })
  if (hasPictures(database.models) && !hasSharp()) {
    log.event(
      'files.sharp.missing',
      { what: 'pictures are answered as they came', cure: 'install it: npm install sharp' },
      'warn',
    )
  }
  const { sendBy } = options
  requireSendBy(store, sendBy)
  const sent = { database, store, log, clock, signing, renditions, sendBy }
  const downloads = new Downloads(sent)
  const pictures = new Pictures({ ...sent, original: (wanted, context) => downloads.answer(wanted, context) })
  const makers: PartMakers = {
    image: (request) => pictures.part(request),
    video: (request) => filmPart(request, sent),
    audio: (request) => filmPart(request, sent),
    live: (request) => livePart(request, sent),
  }
  const inspect: Inspect = async (file, { field, media }) =>
    media.kind === 'image' ? lookAtPicture(file, { field, maxPixels: media.maxPixels }, store) : undefined
  const received = { store, ledger, clock, quotas, inspect }
  const tools = { ...received, limits: { ...formLimits, ...options.limits } }
  const keepFor = milliseconds(options.uploadsFor ?? '1d')
  const holds = new Holds({ db, clock, log, keepFor, bus: options.bus })
  const uploads = new Uploads(
    {
      ...received,
      db,
      log,
      digests: new Digests(),
      routes: options.routes ?? { find: () => undefined },
      keepFor,
      mostAtOnce: options.uploadsAtOnce ?? 100,
    },
    holds,
  )
  await holds.open()
  const { atOnce = 1, programs = { ffmpeg: 'ffmpeg', ffprobe: 'ffprobe' } } = options.films ?? {}
  const films = Films.open({ database, store, renditions, clock, log, programs, atOnce })
  const streams = new Streams({ database, renditions, clock, log, programs, atOnce: options.streamsAtOnce ?? 50 })
  const stopSweeping = sweeping(ledger, { clock, log })

  return {
    async readForm(request, fields, { signal, address, user = null } = {}) {
      const { values, files } = await receiveForm(request, fields, { ...tools, signal, address, user }, uploads)
      return { values, settle: () => ledger.release(files) }
    },
    films,
    streams,
    claim: (values, fields, user) => claimUploads(values, fields, user, uploads),
    uploads,
    receive: (file, field) => receiveBlob(file, field, tools),
    download: (context, wanted) => downloads.answer(wanted, context),
    part: (context, wanted) => downloadPart(wanted, context, { database, signing, makers }),
    actions: { ...fileActions(signing), ...filmActions(films, streams, options.base ?? '') },
    sweep: () => ledger.sweep(),
    async close() {
      await stopSweeping()
      await streams.close()
      await films.close()
      await pictures.close()
      await holds.close()
      await ledger.close()
      await store.close()
    },
  }
}

function hasPictures(models: Models): boolean {
  const fields = Object.values(models).flatMap((model) => Object.values(model))
  return fields.some(({ '~field': facts }) => facts.kind === 'file' && facts.media?.kind === 'image')
}
