import type { Answer } from '../http/index.ts'
import { type AccessTools, attachedFile, type DownloadContext, fileFacts, findFile, missing, type Wanted } from './access.ts'
import type { FileRow } from './file-db.ts'
import { contentDisposition } from './names.ts'
import { isShown, type SentTools, sendStored } from './sent.ts'
import { claimOf } from './signing.ts'

/** Files of which is remembered what is answered. */
const mostKept = 1000

interface Kept {
  /** Where the file is, as the answer names it to who may not have it. */
  readonly place: string
  readonly answer: Answer
}

/** The files of an app, for those who may read them. */
export class Downloads {
  readonly #tools: AccessTools & SentTools
  /** By file, those asked for last at the end. */
  readonly #kept = new Map<string, Kept>()

  constructor(tools: AccessTools & SentTools) {
    this.#tools = tools
  }

  /** Answers the file in a field of a row to who may read that row, or has a URL that was signed for it.
   * @throws TAPRI_NOT_FOUND, TAPRI_FILES_SIGNATURE */
  async answer(wanted: Wanted, context: DownloadContext): Promise<Answer> {
    const { database } = this.#tools
    const facts = fileFacts(database, wanted.model, wanted.field)
    // a live stream has no bytes but its parts
    if (facts === undefined || facts.media?.kind === 'live') throw missing(wanted)
    const found = await findFile(wanted, context, this.#tools)
    // whose row says so now has the file, and what a file is never changes once a row has it
    if (found.by === 'row') return this.#answerOf(found.file, wanted)
    return sendFile(await attachedFile(found.file, wanted, database), wanted, !claimOf(wanted.token ?? '').isBound, this.#tools)
  }

  async #answerOf(file: string, wanted: Wanted): Promise<Answer> {
    const place = `${wanted.model} ${wanted.id} ${wanted.field}`
    const kept = this.#kept.get(file)
    this.#kept.delete(file)
    if (kept?.place === place) {
      this.#kept.set(file, kept)
      return kept.answer
    }
    const answer = sendFile(await attachedFile(file, wanted, this.#tools.database), wanted, true, this.#tools)
    this.#kept.set(file, { place, answer })
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > mostKept && oldest !== undefined) this.#kept.delete(oldest)
    return answer
  }
}

function sendFile(file: FileRow, wanted: Wanted, mayRedirect: boolean, tools: SentTools): Answer {
  const { model, id, field } = wanted
  const bytes = {
    key: file.key,
    size: file.size,
    type: file.type,
    // the same bytes under another type would be another answer, so the file's id is part of it
    etag: `"${file.sha256?.slice(0, 32) ?? 'file'}-${file.id.slice(-12)}"`,
    headers: {
      ...dated(file, tools),
      'Content-Disposition': contentDisposition(isShown(file.type) ? 'inline' : 'attachment', file.name),
      'Cache-Control': 'private, no-cache',
    },
    // a URL of the store works from anywhere
    mayRedirect,
    missing: () => missing(wanted),
    facts: { model, id, field, file: file.id },
  }
  return sendStored(bytes, tools)
}

/**
 * A date for people and for caches, by which no condition is judged: it is when the file began to come, and it may have taken
 * the place of one that began later. An ETag tells them apart. Another server that sends the file would judge by it.
 */
function dated({ at }: FileRow, { sendBy }: SentTools): Readonly<Record<string, string>> {
  return typeof sendBy === 'object' ? {} : { 'Last-Modified': at.toUTCString() }
}
