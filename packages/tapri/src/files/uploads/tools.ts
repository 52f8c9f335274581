import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import type { ServedRoute } from '../../http/index.ts'
import type { Clock } from '../../kit/clock.ts'
import type { Log } from '../../observe/index.ts'
import type { FieldFacts } from '../../schema/index.ts'
import type { FileDb, FileRow, UploadRow } from '../file-db.ts'
import type { Ledger } from '../ledger.ts'
import type { Quotas, Sender } from '../quota.ts'
import type { Inspect } from '../receive.ts'
import type { Store } from '../store.ts'
import type { Digests } from './digests.ts'

export type FileFacts = FieldFacts & { readonly kind: 'file' }

/** Who asks something of an upload, and how. */
export interface Asking {
  readonly headers: IncomingHttpHeaders
  readonly body: Readable
  readonly user: Sender | null
  /** Where the request comes from: an address, or the network of one. */
  readonly sender: string
}

/** The routes of the app, whose files these are. */
export interface RouteBook {
  find(name: string): ServedRoute | undefined
}

export interface UploadTools {
  readonly db: FileDb
  readonly store: Store
  readonly ledger: Ledger
  readonly clock: Clock
  readonly log: Log
  readonly quotas: Quotas
  readonly digests: Digests
  readonly inspect: Inspect | undefined
  readonly routes: RouteBook
  /** Milliseconds after which an upload that nobody goes on with, or gives to a row, is given up. */
  readonly keepFor: number
  /** Uploads that one user, or one visitor's address, may have at once. */
  readonly mostAtOnce: number
}

/** An upload as the database has it. */
export interface Found {
  readonly upload: UploadRow
  readonly file: FileRow
}

/** How an upload stands. */
export interface UploadState {
  readonly upload: UploadRow
  /** Bytes that are kept. */
  readonly offset: number
  readonly maxSize: number
}
