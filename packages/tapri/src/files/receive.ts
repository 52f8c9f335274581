import { pipeline, Readable } from 'node:stream'
import { newId } from '../kit/ids.ts'
import { type FieldFacts, type MediaFacts, markReceived } from '../schema/index.ts'
import { FileCheck, type FileRules } from './file-check.ts'
import type { Ledger } from './ledger.ts'
import type { Media } from './media.ts'
import { cleanName } from './names.ts'
import { type Quotas, type Sender, whoSends } from './quota.ts'
import type { Store } from './store.ts'
import { sentBy } from './stores/budget.ts'

/** A file that is in the store, before any row has it. */
export interface KeptFile {
  readonly id: string
  readonly key: string
  readonly name: string
  readonly type: string
  /** Bytes. */
  readonly size: number
}

/** Looks into a file as its field declares: answers what its row is to keep of it, refuses it by throwing. */
export type Inspect = (file: KeptFile, of: { readonly field: string; readonly media: MediaFacts }) => Promise<Media | undefined>

export interface ReceiveTools {
  readonly store: Store
  readonly ledger: Ledger
  readonly quotas: Quotas
  readonly inspect: Inspect | undefined
}

/** One file that comes whole in one request. */
export interface Receiving {
  readonly rules: FileRules
  /** What the field makes of it. */
  readonly media: MediaFacts | undefined
  readonly sender: Sender | null
  readonly address?: string | undefined
}

/**
 * Checks bytes while they come and keeps them as a pending file; undefined when there is no file at all.
 * `pending` hears of its id before its first byte is kept.
 */
export async function receiveFile(
  content: Readable,
  { rules, media: made, sender, address }: Receiving,
  { store, ledger, quotas, inspect }: ReceiveTools,
  pending: (id: string) => void,
): Promise<object | undefined> {
  const row = Promise.withResolvers<string>()
  const check = new FileCheck(rules, await quotas.meter(sender, { file: row.promise, counted: 0 }))
  // its errors come out of `check`, which is read below
  pipeline(content, check, () => {})
  const type = await check.told
  if (type === undefined) {
    check.resume()
    return undefined
  }
  const key = newId()
  const id = await ledger.expect({ key, name: rules.name, type }, sender)
  pending(id)
  row.resolve(id)
  const stored = await store.put(key, sentBy(check, whoSends(sender, address)))
  await ledger.received(id, stored, sender)
  const { field, name } = rules
  const { size } = stored
  const media = made && (await inspect?.({ id, key, name, type, size }, { field, media: made }))
  return markReceived(Object.freeze({ id, name, type, size, key, ...(media !== undefined && { media }) }))
}

/** Takes in a file that the app itself gives; `settle` removes it again unless a row has taken it. */
export async function receiveBlob(
  blob: Blob,
  facts: FieldFacts & { readonly kind: 'file' },
  tools: ReceiveTools,
): Promise<{ readonly value: object; settle(): Promise<void> }> {
  const files: string[] = []
  const settle = () => tools.ledger.release(files)
  const name = cleanName(blob instanceof File ? blob.name : 'file')
  const rules = {
    field: name,
    accept: facts.accept,
    maxSize: facts.maxSize,
    // a blob of text says its character set too, and one that was made without a type says nothing
    claimed: blob.type.split(';', 1)[0] || 'application/octet-stream',
    name,
    mayBeAbsent: false,
  }
  try {
    const receiving = { rules, media: facts.media, sender: null }
    const value = await receiveFile(Readable.from(blob.stream(), { objectMode: false }), receiving, tools, (id) => files.push(id))
    if (value === undefined) throw new TypeError('A file that may not be absent was')
    return { value, settle }
  } catch (cause) {
    await settle()
    throw cause
  }
}
