import type { FieldFacts } from '../schema/index.ts'
import type { Model } from './catalog.ts'
import { isRecord } from './compare.ts'
import type { Scope } from './engine.ts'
import { dataError } from './errors.ts'

/** Takes in the bytes of a file that the app itself gives; `settle` is told whether a row has it now. */
export type ReceiveFile = (
  file: Blob,
  field: FieldFacts & { readonly kind: 'file' },
) => Promise<{ readonly value: object; settle(): Promise<void> }>

/** Writes values among which may be files in memory or on disk (`Blob`, `File`): they are taken in first. */
export async function withFiles<T>(
  scope: Scope,
  model: Model,
  given: unknown,
  write: (given: unknown) => Promise<T>,
): Promise<T> {
  const blobs = blobsIn(model, given)
  if (blobs.length === 0) return write(given)
  const { receiveFile } = scope.engine
  if (receiveFile === undefined || scope.transaction !== undefined) {
    throw dataError(
      'TAPRI_DATA_FILE',
      `Cannot take in the file for ${model.name}.${blobs[0]?.name} here: give it to create or update outside of a transaction`,
    )
  }
  const settlers: (() => Promise<void>)[] = []
  try {
    const values: Record<string, unknown> = isRecord(given) ? { ...given } : {}
    for (const { name, blob, facts } of blobs) {
      const { value, settle } = await receiveFile(blob, facts)
      settlers.push(settle)
      values[name] = value
    }
    return await write(values)
  } finally {
    for (const settle of settlers) await settle()
  }
}

function blobsIn(model: Model, given: unknown) {
  if (model.files.length === 0 || !isRecord(given)) return []
  return model.files.flatMap(({ name, facts }) => {
    const blob = given[name]
    return blob instanceof Blob && facts.kind === 'file' ? [{ name, blob, facts }] : []
  })
}
