import type { Transform } from 'node:stream'
import { promisify } from 'node:util'
import zlib, { constants, createBrotliCompress, createGzip, createZstdCompress } from 'node:zlib'
import type { Encoding } from './negotiation.ts'

/** Bytes; below it an answer fits into a packet or two, and there is nothing to win. */
export const compressedFrom = 1024

/** Fast rather than small: what is written for one caller is compressed once and thrown away. */
const brotli = { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }
const zstd = { params: { [constants.ZSTD_c_compressionLevel]: 3 } }
const gzip = { level: 5 }

const whole = {
  br: promisify<zlib.InputType, zlib.BrotliOptions, Buffer>(zlib.brotliCompress),
  zstd: promisify<zlib.InputType, zlib.ZstdOptions, Buffer>(zlib.zstdCompress),
  gzip: promisify<zlib.InputType, zlib.ZlibOptions, Buffer>(zlib.gzip),
}

/** Compresses a body that is here whole, beside the event loop. */
export function compress(body: string | Uint8Array, encoding: Encoding): Promise<Buffer> {
  if (encoding === 'br') return whole.br(body, brotli)
  return encoding === 'zstd' ? whole.zstd(body, zstd) : whole.gzip(body, gzip)
}

/** Compresses what flows through it, each piece when it is there: a line that waits for the next one may wait for ever. */
export function compressor(encoding: Encoding): Transform {
  if (encoding === 'br') return createBrotliCompress({ ...brotli, flush: constants.BROTLI_OPERATION_FLUSH })
  if (encoding === 'zstd') return createZstdCompress({ ...zstd, flush: constants.ZSTD_e_flush })
  return createGzip({ ...gzip, flush: constants.Z_SYNC_FLUSH })
}

/** Whether bytes of this media type become fewer; pictures, films and archives are compressed already. */
export function isCompressible(type: string): boolean {
  const [essence = ''] = type.split(';')
  // events go out one by one, as they happen
  if (essence === 'text/event-stream') return false
  return compressible.test(essence.trim())
}

const compressible =
  /^(?:text\/|font\/(?:ttf|otf)$|image\/(?:svg\+xml|bmp)$|application\/(?:json|javascript|xml|wasm|x-ndjson|jsonl|manifest\+json|rtf|ttf|vnd\.ms-fontobject)$|[^/]+\/[^/]+\+(?:json|xml|text)$)/i
