import { createHash, randomUUID } from 'node:crypto'
import { type FileHandle, open, rm } from 'node:fs/promises'
import type { IncomingHttpHeaders } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { crc32 } from 'node:zlib'
import { formatBytes } from '../../kit/measures.ts'
import { filesError } from '../errors.ts'
import { spend } from '../spent.ts'
import { Budget } from '../stores/budget.ts'
import { diskError } from '../stores/disk-error.ts'
import { writeWhole } from '../stores/write.ts'
import { badHeader, textOf } from './protocol.ts'

/** What the bytes of one request must come to. */
export interface Checksum {
  readonly algorithm: string
  readonly digest: Buffer
}

interface Sum {
  update(chunk: Uint8Array): void
  digest(): Buffer
}

/** Bytes of a body with a checksum: it lies on the disk until all of it has come. */
const largest = 64 * 1024 ** 2
/** Such bodies, of all requests of this process. */
const spool = new Budget({ most: 8 * largest })

/** In the order in which they are offered. */
export const checksumAlgorithms = ['sha256', 'sha1', 'md5', 'crc32'] as const
const sizes: Readonly<Record<string, number>> = { sha256: 32, sha1: 20, md5: 16, crc32: 4 }

/** What a request says of its own bytes: `Upload-Checksum` (tus 1.0) or `Content-Digest` (RFC 9530).
 * @throws TAPRI_FILES_HEADER, TAPRI_FILES_PIECE_TOO_LARGE */
export function readChecksum(headers: IncomingHttpHeaders): Checksum | undefined {
  const checksum = checksumIn(headers)
  if (checksum !== undefined && Number(headers['content-length'] ?? 0) > largest) throw pieceTooLarge(largest)
  return checksum
}

function checksumIn(headers: IncomingHttpHeaders): Checksum | undefined {
  const text = textOf(headers, 'upload-checksum')
  if (text === undefined) return digestIn(headers, 'content-digest')
  const [algorithm = '', value = '', ...rest] = text.trim().split(/ +/)
  const size = Object.hasOwn(sizes, algorithm) ? sizes[algorithm] : undefined
  if (size === undefined) {
    throw badHeader('upload-checksum', text, `its algorithm must be one of ${checksumAlgorithms.join(', ')}`)
  }
  const digest = bytesOf(value)
  if (digest?.length !== size || rest.length > 0)
    throw badHeader('upload-checksum', text, `${algorithm} has ${size} bytes in base64`)
  return { algorithm, digest }
}

/** The SHA-256 in a digest field of RFC 9530; undefined when it has none, for others are the sender's own business. */
export function digestIn(headers: IncomingHttpHeaders, name: 'content-digest' | 'repr-digest'): Checksum | undefined {
  const text = textOf(headers, name)
  const value = text === undefined ? undefined : /(?:^|,)\s*sha-256=:([^:]*):/.exec(text)?.[1]
  if (text === undefined || value === undefined) return undefined
  const digest = bytesOf(value)
  if (digest?.length !== 32) throw badHeader(name, text, 'sha-256 has 32 bytes in base64')
  return { algorithm: 'sha256', digest }
}

/** Bytes that came whole and are what their checksum says; disposing of them removes them. */
export interface Verified extends AsyncDisposable {
  readonly size: number
  open(): Readable
}

/** Pieces of a body; `cause` says afterwards why it is not whole. */
type Body = AsyncIterable<Uint8Array> & { readonly cause: Error | undefined; destroy(error?: Error): unknown }

export interface SpoolOptions {
  /** Bytes of one body. */
  readonly most?: number
  readonly budget?: Budget
}

/**
 * Takes in a body before any of it is used, on the disk and in a file without a name. Waits while others have filled their room.
 * @throws TAPRI_FILES_CHECKSUM when it is another body, TAPRI_FILES_PIECE_TOO_LARGE, TAPRI_FILES_BUSY, what the source throws
 */
export async function verified(
  source: Body,
  checksum: Checksum,
  { most = largest, budget = spool }: SpoolOptions = {},
): Promise<Verified> {
  const file = await openNameless()
  const share = budget.share(most, source)
  const end = async () => {
    await file.close()
    share[Symbol.dispose]()
  }
  try {
    const sum = newSum(checksum.algorithm)
    let size = 0
    using pace = share.pace(source)
    for await (const chunk of source) {
      pace.got(chunk.length)
      if (size + chunk.length > most) throw pieceTooLarge(most)
      await share.take(chunk.length)
      sum.update(chunk)
      await writeWhole(file, chunk, size)
      size += chunk.length
      spend(chunk)
      pace.waits()
    }
    if (source.cause !== undefined) throw source.cause
    if (!sum.digest().equals(checksum.digest)) {
      throw filesError(
        'TAPRI_FILES_CHECKSUM',
        `Cannot take these ${size} bytes: their ${checksum.algorithm} is another one, send them again`,
      )
    }
    return {
      size,
      open: () => Readable.from(chunksOf(file, size), { objectMode: false }),
      [Symbol.asyncDispose]: end,
    }
  } catch (cause) {
    await end()
    throw diskError(cause)
  }
}

function pieceTooLarge(most: number) {
  const how = `with a checksum a request takes ${formatBytes(most)} at most, send smaller pieces or no checksum`
  return filesError('TAPRI_FILES_PIECE_TOO_LARGE', `Cannot take this piece of the upload: ${how}`, { facts: { most } })
}

/** A file that goes with the process, however that ends. */
async function openNameless(): Promise<FileHandle> {
  const path = join(tmpdir(), `tapri-${randomUUID()}`)
  const file = await open(path, 'wx+', 0o600)
  await rm(path, { force: true })
  return file
}

async function* chunksOf(file: FileHandle, size: number): AsyncIterable<Buffer> {
  for (let at = 0; at < size; ) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(Math.min(256 * 1024, size - at)), 0, null, at)
    if (bytesRead === 0) throw new Error(`The file ends at ${at} of ${size} bytes`)
    at += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}

function newSum(algorithm: string): Sum {
  if (algorithm !== 'crc32') return createHash(algorithm)
  let value = 0
  return {
    update(chunk) {
      value = crc32(chunk, value)
    },
    digest() {
      const bytes = Buffer.alloc(4)
      bytes.writeUInt32BE(value)
      return bytes
    },
  }
}

function bytesOf(base64: string): Buffer | undefined {
  return /^[A-Za-z0-9+/]+={0,2}$/.test(base64) ? Buffer.from(base64, 'base64') : undefined
}
