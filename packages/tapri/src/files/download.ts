import type { Answer } from '../http/index.ts'
import { type AccessTools, attachedFile, type DownloadContext, fileFacts, findFile, missing, type Wanted } from './access.ts'
import { contentDisposition } from './names.ts'
import { isShown, type SentTools, sendStored } from './sent.ts'
import { claimOf } from './signing.ts'

/** Answers the file in a field of a row to who may read that row, or has a URL that was signed for it.
 * @throws TAPRI_NOT_FOUND, TAPRI_FILES_SIGNATURE */
export async function downloadFile(wanted: Wanted, context: DownloadContext, tools: AccessTools & SentTools): Promise<Answer> {
  const { model, id, field } = wanted
  const facts = fileFacts(tools.database, model, field)
  // a live stream has no bytes but its parts
  if (facts === undefined || facts.media?.kind === 'live') throw missing(wanted)
  const found = await findFile(wanted, context, tools)
  const file = await attachedFile(found.file, wanted, tools.database)
  const bytes = {
    key: file.key,
    size: file.size,
    type: file.type,
    // the same bytes under another type would be another answer, so the file's id is part of it
    etag: `"${file.sha256?.slice(0, 32) ?? 'file'}-${file.id.slice(-12)}"`,
    lastModified: file.at,
    headers: {
      'Content-Disposition': contentDisposition(isShown(file.type) ? 'inline' : 'attachment', file.name),
      'Cache-Control': 'private, no-cache',
    },
    // a URL of the store works from anywhere
    mayRedirect: found.by === 'row' || !claimOf(wanted.token ?? '').isBound,
    missing: () => missing(wanted),
    facts: { model, id, field, file: file.id },
  }
  return sendStored(bytes, tools)
}
