import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import { notFound, TapriError } from '../../kit/errors.ts'
import { type Claim, headSize, tellType, textChecker } from '../content-type.ts'
import { filesError } from '../errors.ts'
import type { FileRow } from '../file-db.ts'
import type { Media } from '../media.ts'
import type { Store } from '../store.ts'
import { requireLength } from './creation.ts'
import type { FileFacts, Found, UploadTools } from './tools.ts'

/**
 * Makes an upload whose bytes have all come a file that a row may take: one in the store, of a type that its field accepts,
 * with its SHA-256. What may not be kept is removed.
 * @throws TAPRI_NOT_FOUND when it has been given up meanwhile, TAPRI_FILES_TYPE, TAPRI_FILES_TOO_LARGE, TAPRI_FILES_CHECKSUM, TAPRI_INVALID, what looking into it throws
 */
export async function finishUpload(found: Found, facts: FileFacts, tools: UploadTools): Promise<Found> {
  try {
    const size = await wholeSize(found, tools.store)
    return await keepWhole(found, { facts, size }, tools)
  } catch (cause) {
    await removeUnknown(found.file, tools)
    throw cause
  }
}

interface Whole {
  readonly facts: FileFacts
  readonly size: number
}

async function keepWhole({ upload, file }: Found, { facts, size }: Whole, tools: UploadTools): Promise<Found> {
  const { db, ledger } = tools
  try {
    const checked = upload.kind === 'part' ? undefined : await check({ upload, file }, { facts, size }, tools)
    const { media, ...told } = checked ?? { type: file.type, sha256: null, media: undefined }
    return await db.transaction(async (tx) => {
      if ((await tx.tapri_files.updateWhere({ id: file.id, state: 'pending' }, { size, ...told })) === 0) throw uploadGone()
      const whole = { complete: true, length: size, media: media ?? null }
      return { file: await tx.tapri_files.get(file.id), upload: await tx.tapri_uploads.update(upload.id, whole) }
    })
  } catch (cause) {
    if (cause instanceof TapriError && cause.status < 500) await ledger.discard(file.id)
    throw cause
  }
}

/** What became a file after another node had removed its row is known to nobody else. */
async function removeUnknown({ id, key }: FileRow, { db, store, log }: UploadTools): Promise<void> {
  try {
    const row = await db.tapri_files.first({ where: { id } })
    if (row === null || row.state === 'orphaned') await store.delete(key)
  } catch (error) {
    log.event('files.remove.failed', { error, file: id }, 'error')
  }
}

async function wholeSize({ upload, file: { key } }: Found, store: Store): Promise<number> {
  if (upload.kind !== 'direct') return (await store.pieces.complete({ key, memo: upload.memo })).size
  const size = (await store.stat(key))?.size
  if (size === undefined) throw unfinished(0, upload.length)
  return size
}

interface Checked {
  readonly type: string
  readonly sha256: string | null
  readonly media: Media | undefined
}

async function check(
  { upload, file }: Found,
  { facts, size }: Whole,
  { store, digests, inspect }: UploadTools,
): Promise<Checked> {
  requireLength(size, upload.field, facts)
  if (upload.length !== null && upload.length !== size) throw unfinished(size, upload.length)
  const claim: Claim = { field: upload.field, accept: facts.accept, claimed: upload.claimed, name: file.name }
  const head = await buffer(await store.get(file.key, { start: 0, end: Math.min(size, headSize) - 1 }))
  const { type, isText } = await tellType(head, claim)
  const seen = digests.take(upload.id, size)
  // what went straight into the store would come here once more for its hash alone
  const isRead = isText || upload.digest !== null || (seen === undefined && upload.kind !== 'direct')
  const sha256 = isRead ? await readThrough(store, file.key, isText ? textChecker(claim) : undefined) : (seen ?? null)
  if (upload.digest !== null && upload.digest !== sha256) {
    throw filesError(
      'TAPRI_FILES_CHECKSUM',
      `Cannot accept "${file.name}": its SHA-256 is ${sha256}, and was to be ${upload.digest}`,
    )
  }
  const { id, key, name } = file
  const media = facts.media && (await inspect?.({ id, key, name, type, size }, { field: upload.field, media: facts.media }))
  return { type, sha256, media }
}

async function readThrough(store: Store, key: string, see: ReturnType<typeof textChecker> | undefined): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of await store.get(key)) {
    hash.update(chunk)
    see?.(chunk)
  }
  see?.(undefined)
  return hash.digest('hex')
}

export function unfinished(offset: number, length: number | null) {
  return filesError(
    'TAPRI_FILES_UNFINISHED',
    `Cannot use this upload yet: ${offset} of ${length ?? 'an unknown number of'} bytes have come`,
    {
      facts: { offset, length },
    },
  )
}

export function uploadGone() {
  return notFound("There is no such upload: it has expired, was given up, or is somebody else's")
}
