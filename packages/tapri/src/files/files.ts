import type { IncomingMessage } from 'node:http'
import type { Database } from '../data/index.ts'
import type { Answer } from '../http/index.ts'
import { type Clock, systemClock } from '../kit/clock.ts'
import type { Log } from '../observe/index.ts'
import { silentLog } from '../observe/index.ts'
import type { FieldFacts, Fields } from '../schema/index.ts'
import { type DownloadContext, downloadFile } from './download.ts'
import { filesError } from './errors.ts'
import { type FormLimits, formLimits, receiveForm } from './form.ts'
import { Ledger } from './ledger.ts'
import { receiveBlob } from './receive.ts'
import type { Store } from './store.ts'
import { openDisk } from './stores/disk.ts'

export interface FilesOptions {
  /** Where the bytes are kept: `disk:` and a folder. */
  readonly url: string
  /** Must have been opened with `fileModels` among its internal models. */
  readonly database: Database
  readonly clock?: Clock
  readonly log?: Log
  readonly limits?: Partial<FormLimits>
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
    options?: { readonly signal?: AbortSignal },
  ): Promise<{ readonly values: Readonly<Record<string, unknown>>; settle(kept: boolean): Promise<void> }>
  /** Takes in a file that the app itself gives to a row.
   * @throws TAPRI_FILES_TOO_LARGE, TAPRI_FILES_TYPE, TAPRI_FILES_STORE */
  receive(file: Blob, field: FileFacts): Promise<{ readonly value: object; settle(): Promise<void> }>
  /** Answers the file in a field of a row that the context's caller may read.
   * @throws TAPRI_NOT_FOUND */
  download(context: DownloadContext, model: string, id: string, field: string): Promise<Answer>
  /** Removes what no row has; runs by itself at the start and every hour. */
  sweep(): Promise<void>
  close(): Promise<void>
}

type FileFacts = FieldFacts & { readonly kind: 'file' }

const sweepEvery = 3_600_000

/**
 * Opens the files of an app and removes what a crash of an earlier run has left. One process at a time may
 * keep files in one database.
 * @throws TAPRI_FILES_URL, TAPRI_FILES_STORE
 * @example const files = await openFiles({ url: 'disk:data/files', database })
 */
export async function openFiles(options: FilesOptions): Promise<Files> {
  const { database, clock = systemClock, log = silentLog } = options
  const store = await openStore(options.url)
  const ledger = new Ledger({ database, store, clock, log })
  const tools = { store, ledger, clock, limits: { ...formLimits, ...options.limits } }
  await ledger.sweep({ atStart: true })

  let sweeping = Promise.resolve()
  let stopTimer = clock.after(sweepEvery, sweepHourly)
  function sweepHourly() {
    stopTimer = clock.after(sweepEvery, sweepHourly)
    sweeping = ledger.sweep({ atStart: false }).catch((error: unknown) => log.event('files.sweep.failed', { error }, 'error'))
  }

  return {
    async readForm(request, fields, { signal } = {}) {
      const { values, files } = await receiveForm(request, fields, { ...tools, signal })
      return { values, settle: () => ledger.release(files) }
    },
    receive: (file, field) => receiveBlob(file, field, tools),
    download: (context, model, id, field) => downloadFile({ context, model, id, field }, { database, store, log }),
    sweep: () => ledger.sweep({ atStart: false }),
    async close() {
      stopTimer()
      await sweeping
      await ledger.close()
      await store.close()
    },
  }
}

async function openStore(url: string): Promise<Store> {
  const [, scheme, place] = /^([a-z][a-z0-9+]*):(.+)$/.exec(url) ?? []
  if (scheme === 'disk' && place !== undefined) return openDisk(place)
  throw filesError('TAPRI_FILES_URL', `Cannot open the files at "${url}": write "disk:" and a folder, like "disk:data/files"`)
}
