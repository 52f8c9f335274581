import { TapriError } from '../../kit/errors.ts'
import { type Claim, tellType } from '../content-type.ts'
import type { FileRow } from '../file-db.ts'
import { type Meter, type Sender, whoSends } from '../quota.ts'
import { sentBy } from '../stores/budget.ts'
import { type Checksum, verified } from './checksum.ts'
import { CountedIntake } from './counted-intake.ts'
import { tooLarge, tooLong } from './creation.ts'
import { Intake } from './intake.ts'
import type { Asking, FileFacts, Found, UploadTools } from './tools.ts'

export interface Appending {
  /** The file so far ends here. */
  readonly offset: number
  readonly checksum: Checksum | undefined
  /** Ends it early, when another request takes over. */
  readonly signal: AbortSignal
}

/** Codes that say that the file itself can never be taken. */
const hopeless = new Set(['TAPRI_FILES_TYPE', 'TAPRI_FILES_TOO_LARGE', 'TAPRI_FILES_LENGTH'])

/**
 * Appends the body of a request to an upload, checked and hashed while it comes; answers how many bytes are kept then. When
 * the body is cut off, what came of it is kept, unless it has a checksum, which cannot be told of a part.
 * @throws TAPRI_FILES_OFFSET, TAPRI_FILES_TYPE, TAPRI_FILES_TOO_LARGE, TAPRI_FILES_LENGTH, TAPRI_FILES_QUOTA,
 * TAPRI_FILES_CHECKSUM, TAPRI_FILES_ABORTED, TAPRI_FILES_TAKEN_OVER, TAPRI_FILES_STORE
 */
export async function appendBody(
  found: Found,
  facts: FileFacts,
  asking: Asking,
  appending: Appending,
  tools: UploadTools,
): Promise<number> {
  try {
    const { headers, body, user } = asking
    const { offset, checksum, signal } = appending
    const limits = limitsOf(found, facts, offset)
    const announced = Number(headers['content-length'] ?? 0)
    if (announced > limits.most) throw limits.tooMuch()
    const intake = { ...limits, judge: judgeOf(found, facts, offset), signal }
    const sender = whoSends(user, asking.sender)
    const meter = await meterOf(found, user, tools)
    const keeping = { ...appending, user, sender, meter }
    if (checksum !== undefined) {
      const source = sentBy(new Intake(body, { ...intake, see: () => {} }), sender)
      return await keepVerified(found, keeping, tools, { checksum, source })
    }
    // all that a request announces is counted at once
    await meter?.reach(offset + announced)
    return await keep(found, keeping, tools, (see) =>
      sentBy(new CountedIntake(body, { ...intake, see }, { meter, offset }), sender),
    )
  } catch (cause) {
    if (cause instanceof TapriError && hopeless.has(cause.code)) await tools.ledger.discard(found.file.id)
    throw cause
  }
}

interface Keeping extends Appending {
  readonly user: Sender | null
  /** Whose part of what all share it takes. */
  readonly sender: string | undefined
  readonly meter: Meter | undefined
}

interface BodyLimits {
  readonly most: number
  readonly tooMuch: () => Error
}

function limitsOf({ upload: { length, field } }: Found, { maxSize }: FileFacts, offset: number): BodyLimits {
  if (length !== null) return { most: length - offset, tooMuch: () => tooLong(length) }
  return { most: maxSize - offset, tooMuch: () => tooLarge(field, maxSize) }
}

/** What has a length was counted when it was told. */
async function meterOf({ upload, file }: Found, user: Sender | null, { quotas }: UploadTools): Promise<Meter | undefined> {
  return upload.length === null ? quotas.meter(user, { file: file.id, counted: file.size }) : undefined
}

/** The first bytes of a file tell its type, so that a wrong one is refused before the rest has come. */
function judgeOf({ upload, file }: Found, { accept }: FileFacts, offset: number) {
  if (offset > 0 || upload.kind === 'part') return undefined
  const claim: Claim = { field: upload.field, accept, claimed: upload.claimed, name: file.name }
  return async (head: Uint8Array) => {
    await tellType(head, claim)
  }
}

async function keepVerified(
  found: Found,
  keeping: Keeping,
  tools: UploadTools,
  { source, checksum }: { readonly source: Intake; readonly checksum: Checksum },
): Promise<number> {
  await using bytes = await verified(source, checksum)
  await keeping.meter?.reach(keeping.offset + bytes.size)
  const all = { most: bytes.size, tooMuch: () => new Error('A file grew while it was read'), judge: undefined }
  const { signal, sender } = keeping
  // awaited here: the bytes go when this returns
  return await keep(found, keeping, tools, (see) => sentBy(new Intake(bytes.open(), { ...all, signal, see }), sender))
}

async function keep(
  { upload, file }: Found,
  { offset, user, meter }: Keeping,
  tools: UploadTools,
  open: (see: (chunk: Uint8Array) => void) => Intake,
): Promise<number> {
  const { store, digests } = tools
  const unfinished = { key: file.key, memo: upload.memo }
  const intake = open(digests.from(upload.id, offset) ?? (() => {}))
  let kept: number | undefined
  try {
    kept = await store.pieces.append(unfinished, offset, intake)
  } catch (cause) {
    intake.destroy()
    kept = await store.pieces.offset(unfinished).catch(() => undefined)
    throw cause
  } finally {
    digests.kept(upload.id, kept)
    await meter?.rest()
    // also of a body that was cut off
    if (upload.length === null && kept !== undefined) await charge(file, user, kept, tools)
  }
  if (intake.cause !== undefined) throw intake.cause
  return kept
}

/** Counts what has come of an upload whose length was not told; one that is more than its sender may keep is removed. */
async function charge(file: FileRow, user: Sender | null, size: number, { db, quotas, ledger }: UploadTools): Promise<void> {
  const limit = await quotas.limitOf(user)
  try {
    await db.transaction(async (tx) => {
      await tx.tapri_files.updateWhere({ id: file.id, state: 'pending' }, { size })
      await quotas.require(tx, user, limit)
    })
  } catch (cause) {
    // others that came meanwhile have taken the room: its bytes would be kept and not be counted
    if (cause instanceof TapriError && cause.code === 'TAPRI_FILES_QUOTA') await ledger.discard(file.id)
    throw cause
  }
}
