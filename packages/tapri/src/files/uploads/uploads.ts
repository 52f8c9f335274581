import { createHash, randomBytes } from 'node:crypto'
import { filesError } from '../errors.ts'
import { idOf } from '../file-db.ts'
import type { Sender } from '../quota.ts'
import type { DirectUpload } from '../store.ts'
import { type Appending, appendBody } from './append.ts'
import { beginUpload } from './begin.ts'
import { readChecksum } from './checksum.ts'
import { type Creation, requireLength, targetOf, unequalLengths } from './creation.ts'
import { finishUpload, unfinished, uploadGone } from './finish.ts'
import { type Fit, fit } from './fit.ts'
import { type Holds, isDue } from './holds.ts'
import { joinParts, requireParts } from './join.ts'
import { booleanIn, bytesIn, type Protocol } from './protocol.ts'
import type { Asking, FileFacts, Found, UploadState, UploadTools } from './tools.ts'

/** An upload that has begun: how it stands, and the name by which its sender goes on with it. */
export interface Begun extends UploadState {
  readonly name: string
  /** How it is sent straight into the store. */
  readonly direct: DirectUpload | undefined
}

interface Piece extends Appending {
  /** The file ends with it, by the draft. */
  readonly isLast: boolean
  readonly protocol: Protocol
}

/** Files that come over several requests, on whatever node each arrives, until a later request gives them to a row. */
export class Uploads {
  readonly #tools: UploadTools
  readonly #holds: Holds

  constructor(tools: UploadTools, holds: Holds) {
    this.#tools = tools
    this.#holds = holds
  }

  /**
   * Begins an upload, and takes what of it is in the request. `tell` says its name before the first byte is taken, and whether
   * that could be said: when the rest fails, what nobody can go on with is removed.
   */
  async create(creation: Creation, asking: Asking, tell: (begun: Begun) => boolean): Promise<Begun> {
    const { facts } = targetOf(this.#tools.routes, creation)
    if (creation.parts.length > 0) return this.#join(creation, asking, facts)
    const checksum = creation.hasBody ? readChecksum(asking.headers) : undefined
    const { found, begun } = await this.#begin(creation, asking, facts)
    const isTold = tell(begun)
    if (!creation.hasBody || begun.direct !== undefined) return begun
    try {
      await using hold = await this.#holds.take(found.upload.id)
      const isLast = booleanIn(asking.headers, 'upload-complete') === true
      const appending = { offset: 0, checksum, signal: hold.signal, isLast, protocol: creation.protocol }
      return { ...begun, ...(await this.#append(found, facts, asking, appending)) }
    } catch (cause) {
      if (!isTold) await this.#discard(found)
      throw cause
    }
  }

  /** Ends whatever request works on the upload, and tells how it stands then.
   * @throws TAPRI_NOT_FOUND */
  async state(name: string, user: Sender | null): Promise<UploadState> {
    const { upload } = await this.#find(name, user)
    await using _hold = await this.#holds.take(upload.id)
    const found = await this.#find(name, user)
    // to who would go on with it for another row, it is no more
    if (found.file.state === 'attached') throw uploadGone()
    const { facts } = targetOf(this.#tools.routes, found.upload)
    const offset = await this.#offsetOf(found)
    // a process that was killed right before may have left only this undone
    const isWhole = !found.upload.complete && offset === found.upload.length && found.upload.kind !== 'direct'
    const { upload: current } = isWhole ? await finishUpload(found, facts, this.#tools) : found
    return { upload: current, offset, maxSize: facts.maxSize }
  }

  /** Takes the next bytes of an upload.
   * @throws TAPRI_NOT_FOUND, TAPRI_FILES_JOINED, TAPRI_FILES_OFFSET and what `appendBody` and `finishUpload` throw */
  async append(name: string, asking: Asking, protocol: Protocol): Promise<UploadState> {
    const { headers, user } = asking
    const offset = bytesIn(headers, 'upload-offset')
    if (offset === undefined) throw filesError('TAPRI_FILES_HEADER', 'Cannot append to an upload: send Upload-Offset')
    const isLast = booleanIn(headers, 'upload-complete') === true
    const checksum = readChecksum(headers)
    const { upload } = await this.#find(name, user)
    if (upload.concat?.startsWith('final')) throw alreadyJoined()
    await using hold = await this.#holds.take(upload.id)
    const before = await this.#find(name, user)
    const kept = await this.#offsetOf(before)
    // what is refused sets nothing
    if (offset !== kept) throw wrongOffset(offset, kept)
    const found = await this.#putOff(await this.#measured(before, asking, { isLast, offset }))
    const { facts } = targetOf(this.#tools.routes, found.upload)
    const announced = Number(headers['content-length'] ?? 0)
    if (found.upload.complete && announced > 0) throw unequalLengths(kept, kept + announced)
    if (found.upload.complete) return { upload: found.upload, offset: kept, maxSize: facts.maxSize }
    if (found.upload.kind === 'direct') throw wrongOffset(offset, found.upload.length ?? 0)
    // awaited here: the hold is not to end before
    const appending = { offset, checksum, signal: hold.signal, isLast, protocol }
    return await this.#append(found, facts, asking, appending)
  }

  /** Says that all bytes have gone straight into the store.
   * @throws TAPRI_NOT_FOUND, TAPRI_FILES_UNFINISHED and what `finishUpload` throws */
  async finish(name: string, user: Sender | null): Promise<UploadState> {
    const { upload } = await this.#find(name, user)
    await using _hold = await this.#holds.take(upload.id)
    const found = await this.#find(name, user)
    const { facts } = targetOf(this.#tools.routes, found.upload)
    const offset = await this.#offsetOf(found)
    if (found.upload.complete) return { upload: found.upload, offset, maxSize: facts.maxSize }
    if (found.upload.kind !== 'direct') throw unfinished(offset, found.upload.length)
    const { upload: done } = await finishUpload(found, facts, this.#tools)
    return { upload: done, offset, maxSize: facts.maxSize }
  }

  /** Gives up an upload, with all that has come of it. A file that a row has by now stays with it.
   * @throws TAPRI_NOT_FOUND */
  async remove(name: string, user: Sender | null): Promise<void> {
    const { upload } = await this.#find(name, user)
    await using _hold = await this.#holds.take(upload.id)
    await this.#discard(await this.#find(name, user))
  }

  /** A whole upload of this user, for a row to take; undefined when there is none of that name.
   * @throws TAPRI_FILES_UNFINISHED */
  async whole(name: string, user: Sender | null): Promise<Found | undefined> {
    const found = await this.#lookUp(name, user)
    if (found === undefined || found.upload.kind === 'part') return undefined
    if (found.upload.complete) return found
    const offset = await this.#offsetOf(found)
    if (found.upload.kind === 'direct' || offset !== found.upload.length) throw unfinished(offset, found.upload.length)
    await this.state(name, user)
    return this.#lookUp(name, user)
  }

  /** Whether the field of a row takes a whole upload.
   * @throws what `fit` throws */
  fit(found: Found, place: { readonly field: string; readonly facts: FileFacts }): Promise<Fit> {
    return fit(found, place, this.#tools)
  }

  /** Makes a visitor's upload that of the user who gives it to a row.
   * @throws TAPRI_NOT_FOUND, TAPRI_FILES_QUOTA */
  async adopt({ upload, file }: Found, user: Sender | null): Promise<void> {
    if (user === null || upload.owner !== null || file.state !== 'pending') return
    const { db, quotas } = this.#tools
    const limit = await quotas.limitOf(user)
    const owner = user.id
    await db.transaction(async (tx) => {
      if ((await tx.tapri_files.updateWhere({ id: file.id, owner: null, state: 'pending' }, { owner })) === 0) throw uploadGone()
      await tx.tapri_uploads.update(upload.id, { owner })
      await quotas.require(tx, user, limit)
    })
  }

  async #begin(
    creation: Creation & { readonly joined?: readonly Found[] },
    asking: Asking,
    facts: FileFacts,
  ): Promise<{ readonly found: Found; readonly begun: Begun }> {
    const { length, field, joined = [] } = creation
    if (length !== undefined) requireLength(length, field, facts)
    const name = randomBytes(24).toString('base64url')
    const { found, direct } = await beginUpload({ ...creation, hash: hashOf(name), joined }, asking, this.#tools)
    return { found, begun: { upload: found.upload, offset: 0, maxSize: facts.maxSize, name, direct } }
  }

  /** Nobody else joins or removes the parts meanwhile; a later request that would ends this one. */
  async #join(creation: Creation, asking: Asking, facts: FileFacts): Promise<Begun> {
    const find = async () => {
      const parts = await Promise.all(creation.parts.map((name) => this.#find(name, asking.user)))
      requireParts(parts)
      return parts
    }
    await using holds = await this.#holds.takeAll((await find()).map(({ upload }) => upload.id))
    const { signal } = holds
    const parts = await find()
    const length = parts.reduce((sum, { file }) => sum + file.size, 0)
    const { found, begun } = await this.#begin({ ...creation, length, joined: parts }, asking, facts)
    const join = async () => {
      await using _hold = await this.#holds.take(found.upload.id)
      const offset = await joinParts(found, { parts, signal }, this.#tools)
      const { upload } = await finishUpload(found, facts, this.#tools)
      return { ...begun, upload, offset }
    }
    const whole = await join().catch(async (cause: unknown) => {
      await this.#discard(found)
      throw cause
    })
    for (const part of parts) await this.#discard(part)
    return whole
  }

  async #append(found: Found, facts: FileFacts, asking: Asking, { isLast, protocol, ...appending }: Piece): Promise<UploadState> {
    const kept = await appendBody(found, facts, asking, appending, this.#tools)
    const { length } = found.upload
    const isWhole = protocol === 'draft' ? isLast : kept === length
    if (!isWhole) return { upload: found.upload, offset: kept, maxSize: facts.maxSize }
    if (length !== null && kept !== length) throw unequalLengths(length, kept)
    // a process that is killed from here on leaves an upload that is known to be whole
    const measured = length ?? (await this.#tools.db.tapri_uploads.update(found.upload.id, { length: kept })).length
    const whole = { ...found, upload: { ...found.upload, length: measured } }
    const { upload } = await finishUpload(whole, facts, this.#tools)
    return { upload, offset: kept, maxSize: facts.maxSize }
  }

  /** Records the length where a request tells it later than at the beginning.
   * @throws TAPRI_FILES_LENGTH when it is another one than before */
  async #measured(found: Found, asking: Asking, { isLast, offset }: { isLast: boolean; offset: number }): Promise<Found> {
    const { headers, user } = asking
    const body = isLast ? bytesIn(headers, 'content-length') : undefined
    const told = [bytesIn(headers, 'upload-length'), body === undefined ? undefined : offset + body].filter(
      (size) => size !== undefined,
    )
    const known = found.upload.length
    const length = known ?? told[0]
    if (length === undefined) return found
    const other = told.find((size) => size !== length)
    if (other !== undefined) throw unequalLengths(length, other)
    if (known !== null) return found
    const { facts } = targetOf(this.#tools.routes, found.upload)
    requireLength(length, found.upload.field, facts)
    const { db, quotas } = this.#tools
    const limit = await quotas.limitOf(user)
    return db.transaction(async (tx) => {
      const file = await tx.tapri_files.update(found.file.id, { size: length })
      await quotas.require(tx, user, limit)
      return { file, upload: await tx.tapri_uploads.update(found.upload.id, { length }) }
    })
  }

  /** Whoever goes on with an upload has as much time again. */
  async #putOff(found: Found): Promise<Found> {
    const { db, clock, keepFor } = this.#tools
    const { upload, file } = found
    const expires = new Date(clock.now() + keepFor)
    if (upload.complete || !isDue(upload.expires, expires, keepFor)) return found
    return db.transaction(async (tx) => ({
      file: await tx.tapri_files.update(file.id, { expires }),
      upload: await tx.tapri_uploads.update(upload.id, { expires }),
    }))
  }

  async #offsetOf({ upload, file }: Found): Promise<number> {
    if (upload.complete) return file.size
    const { store } = this.#tools
    const kept =
      upload.kind === 'direct'
        ? ((await store.stat(file.key))?.size ?? 0)
        : await store.pieces.offset({ key: file.key, memo: upload.memo })
    if (kept === undefined) throw uploadGone()
    return kept
  }

  async #discard({ upload, file }: Found): Promise<void> {
    const { db, ledger } = this.#tools
    if (file.state === 'pending') await ledger.discard(file.id)
    else await db.tapri_uploads.deleteWhere({ id: upload.id })
  }

  async #find(name: string, user: Sender | null): Promise<Found> {
    const found = await this.#lookUp(name, user)
    if (found === undefined) throw uploadGone()
    return found
  }

  async #lookUp(name: string, user: Sender | null): Promise<Found | undefined> {
    const { db, clock } = this.#tools
    const upload = await db.tapri_uploads.first({ where: { hash: hashOf(name) } })
    // a visitor who has signed in since goes on with what only they know the name of
    if (upload === null || (upload.owner !== null && upload.owner !== user?.id)) return undefined
    if (upload.expires.getTime() <= clock.now()) return undefined
    const file = await db.tapri_files.first({ where: { id: idOf(upload.file) } })
    return file === null || file.state === 'orphaned' ? undefined : { upload, file }
  }
}

function hashOf(name: string): string {
  return createHash('sha256').update(name).digest('base64url')
}

function wrongOffset(offset: number, kept: number) {
  return filesError('TAPRI_FILES_OFFSET', `Cannot append at ${offset}: the file has ${kept} bytes so far`, {
    facts: { offset: kept },
  })
}

function alreadyJoined() {
  return filesError('TAPRI_FILES_JOINED', 'Cannot append to an upload that was joined of parts: begin another one')
}
