import { pipeline, Readable } from 'node:stream'
import { newId } from '../kit/ids.ts'
import { type FieldFacts, markReceived } from '../schema/index.ts'
import { FileCheck, type FileRules } from './file-check.ts'
import type { Ledger } from './ledger.ts'
import { cleanName } from './names.ts'
import type { Store } from './store.ts'

export interface ReceiveTools {
  readonly store: Store
  readonly ledger: Ledger
}

/**
 * Checks bytes while they come and keeps them as a pending file; undefined when there is no file at all.
 * `pending` hears of its id before its first byte is kept.
 */
export async function receiveFile(
  content: Readable,
  rules: FileRules,
  { store, ledger }: ReceiveTools,
  pending: (id: string) => void,
): Promise<object | undefined> {
  const check = new FileCheck(rules)
  // its errors come out of `check`, which is read below
  pipeline(content, check, () => {})
  const type = await check.told
  if (type === undefined) {
    check.resume()
    return undefined
  }
  const key = newId()
  const id = await ledger.expect({ key, name: rules.name, type })
  pending(id)
  const stored = await store.put(key, check)
  ledger.received(id, stored)
  return markReceived(Object.freeze({ id, name: rules.name, type, size: stored.size, key }))
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
  const rules: FileRules = {
    field: name,
    accept: facts.accept,
    maxSize: facts.maxSize,
    // a blob of text says its character set too, and one that was made without a type says nothing
    claimed: blob.type.split(';', 1)[0] || 'application/octet-stream',
    name,
    mayBeAbsent: false,
  }
  try {
    const value = await receiveFile(Readable.from(blob.stream(), { objectMode: false }), rules, tools, (id) => files.push(id))
    if (value === undefined) throw new TypeError('A file that may not be absent was')
    return { value, settle }
  } catch (cause) {
    await settle()
    throw cause
  }
}
