import { invalid } from '../../kit/errors.ts'
import { Intake } from './intake.ts'
import type { Found, UploadTools } from './tools.ts'

/** Puts whole uploads together, in their order (tus 1.0, concatenation); answers how many bytes that makes. */
export async function joinParts(
  { upload, file }: Found,
  { parts, signal }: { readonly parts: readonly Found[]; readonly signal: AbortSignal },
  { store, digests }: UploadTools,
): Promise<number> {
  const unfinished = { key: file.key, memo: upload.memo }
  let size = 0
  for (const part of parts) {
    const body = await store.get(part.file.key)
    try {
      const intake = new Intake(body, {
        most: part.file.size,
        tooMuch: () => new Error('A part grew while it was read'),
        judge: undefined,
        see: digests.from(upload.id, size) ?? (() => {}),
        signal,
      })
      size = await store.pieces.append(unfinished, size, intake)
      digests.kept(upload.id, size)
      if (intake.cause !== undefined) throw intake.cause
    } finally {
      // an intake that ends early leaves what it reads to whoever opened it
      body.destroy()
    }
  }
  return size
}

/** @throws TAPRI_INVALID */
export function requireParts(parts: readonly Found[]): void {
  const wrong = parts.findIndex(({ upload }) => upload.kind !== 'part' || !upload.complete)
  if (wrong === -1) return
  throw invalid(
    [{ path: ['Upload-Concat', wrong], message: 'must be an upload that began with "partial" and is whole' }],
    'upload',
  )
}
