import { stat } from 'node:fs/promises'
import { isCompressible } from './compression.ts'
import { type Encoding, encodingFor } from './negotiation.ts'

/** A file that holds the bytes of another one, compressed. */
export interface Precompressed {
  readonly path: string
  readonly encoding: Encoding
}

const endings = { br: '.br', zstd: '.zst', gzip: '.gz' } as const
/** The smallest first. */
const order: readonly Encoding[] = ['br', 'zstd', 'gzip']

/** The compressed file beside this one (`app.js.br`) that the caller accepts; build tools write them. */
export async function precompressed(path: string, type: string, accepted: string): Promise<Precompressed | undefined> {
  if (!isCompressible(type) || encodingFor(accepted) === undefined) return undefined
  for (const encoding of order) {
    if (!accepts(accepted, encoding)) continue
    const beside = path + endings[encoding]
    const facts = await stat(beside).catch(() => undefined)
    if (facts?.isFile() === true) return { path: beside, encoding }
  }
  return undefined
}

function accepts(header: string, encoding: Encoding): boolean {
  return encodingFor(header, [encoding]) === encoding
}
