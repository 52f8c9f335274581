import { newId } from '../../kit/ids.ts'
import { filesError } from '../errors.ts'
import type { FileDb } from '../file-db.ts'
import type { DirectUpload } from '../store.ts'
import type { Creation } from './creation.ts'
import type { Asking, Found, UploadTools } from './tools.ts'

interface Beginning extends Creation {
  readonly hash: string
  /** What it is joined of. */
  readonly joined: readonly Found[]
}

/** An upload that has rows, and a place in the store. */
export interface BegunUpload {
  readonly found: Found
  /** How it is sent straight into the store, where that was asked for and can be. */
  readonly direct: DirectUpload | undefined
}

/** Milliseconds in which a direct upload has to begin, unless uploads are kept for less. */
const directFor = 3_600_000
/** Milliseconds that one may take which began at the last moment; what is slower is looked for a day longer. */
const grace = 3_600_000

/** Writes the rows of an upload, then begins it in the store: a crash in between leaves rows, which expire.
 * @throws TAPRI_FILES_UPLOADS, TAPRI_FILES_QUOTA, TAPRI_FILES_STORE */
export async function beginUpload(creation: Beginning, asking: Asking, tools: UploadTools): Promise<BegunUpload> {
  const { db, store, ledger } = tools
  const found = await writeRows(creation, asking, tools)
  const { file, upload } = found
  try {
    if (upload.kind === 'direct' && store.direct !== undefined && upload.length !== null) {
      const expires = Math.max(1, Math.floor(Math.min(tools.keepFor, directFor) / 1000))
      const direct = await store.direct.uploadUrl(file.key, { expires, size: upload.length, type: upload.claimed })
      const closes = new Date(tools.clock.now() + expires * 1000 + grace)
      // nobody has the URL before the row says how long it works
      return { found: { upload, file: await db.tapri_files.update(file.id, { closes }) }, direct }
    }
    const memo = await store.pieces.begin(file.key)
    const kind = upload.kind === 'part' ? upload.kind : 'pieces'
    return { found: { file, upload: await db.tapri_uploads.update(upload.id, { memo, kind }) }, direct: undefined }
  } catch (cause) {
    await ledger.discard(file.id)
    throw cause
  }
}

async function writeRows(
  { route, field, kind, claimed, metadata, name, hash, joined, ...creation }: Beginning,
  { user, sender }: Asking,
  { db, clock, quotas, keepFor, mostAtOnce }: UploadTools,
): Promise<Found> {
  const at = new Date(clock.now())
  const lasting = { expires: new Date(clock.now() + keepFor), owner: user?.id ?? null, at }
  const length = creation.length ?? null
  const digest = creation.digest ?? null
  const concat = creation.concat ?? null
  // what it is joined of is counted already, and goes once it is
  const counted = joined.filter(({ upload }) => upload.owner === lasting.owner).length
  const limit = joined.length > 0 && counted === joined.length ? Infinity : await quotas.limitOf(user)
  return db.transaction(async (tx) => {
    await requireFew(tx, { owner: lasting.owner, sender }, { most: mostAtOnce, counted, now: at })
    const bytes = { key: newId(), name, type: claimed, size: length ?? 0 }
    const file = await tx.tapri_files.create({ ...bytes, ...lasting, state: 'pending' })
    await quotas.require(tx, user, limit)
    const row = { file: file.id, hash, kind, memo: '', route, field, claimed, length, metadata, digest, sender, concat }
    return { file, upload: await tx.tapri_uploads.create({ ...row, ...lasting }) }
  })
}

async function requireFew(
  tx: FileDb,
  of: { readonly owner: string | null; readonly sender: string },
  { most, counted, now }: { readonly most: number; readonly counted: number; readonly now: Date },
): Promise<void> {
  // and those given up whose URL of the store may still work
  const file = { or: [{ state: 'pending' as const }, { state: 'orphaned' as const, closes: { gt: now } }] }
  const where = { ...(of.owner === null ? of : { owner: of.owner }), file }
  if ((await tx.tapri_uploads.count({ where })) - counted < most) return
  throw filesError('TAPRI_FILES_UPLOADS', `Cannot begin another upload: ${most} of yours wait to be finished or used`)
}
