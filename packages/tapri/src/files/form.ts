import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import type { Clock } from '../kit/clock.ts'
import { invalid } from '../kit/errors.ts'
import { formatBytes } from '../kit/measures.ts'
import type { FieldFacts, Fields } from '../schema/index.ts'
import { filesError } from './errors.ts'
import { readParts } from './multipart.ts'
import { cleanName } from './names.ts'
import type { PartHeader } from './part-header.ts'
import type { Sender } from './quota.ts'
import { type ReceiveTools, receiveFile } from './receive.ts'
import { claimUploads } from './uploads/claim.ts'
import type { Uploads } from './uploads/uploads.ts'

/** How much of what is not a file a form may have. */
export interface FormLimits {
  /** Bytes of all texts together, 1 MB unless told. */
  readonly text: number
  /** Files and texts together, 1,000 unless told. */
  readonly parts: number
  /** Milliseconds without a byte, one minute unless told. */
  readonly idle: number
}

export const formLimits: FormLimits = { text: 1024 * 1024, parts: 1000, idle: 60_000 }

export interface FormTools extends ReceiveTools {
  readonly clock: Clock
  readonly limits: FormLimits
}

/** Who sends a form, and until when that matters. */
export interface FormSender {
  readonly user: Sender | null
  /** Where it comes from: an address, or the network of one. */
  readonly address?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** A form that has been received whole. */
export interface ReceivedForm {
  /** Texts as they came (a list when a name came more than once), files as values that `file` fields take. */
  readonly values: Record<string, unknown>
  /** The ids of the files, pending until a row takes them. */
  readonly files: readonly string[]
}

/**
 * Receives one form: files straight into the store, each checked while it comes.
 * Leaves no bytes and no row when it fails.
 */
export async function receiveForm(
  request: IncomingMessage,
  fields: Fields,
  options: FormTools & FormSender,
  uploads: Uploads,
): Promise<ReceivedForm> {
  const form = new Form(fields, options)
  try {
    await readParts(request, {
      take: (header, content) => form.take(header, content),
      mostParts: options.limits.parts,
      mostBytes: form.refuseSize(request.headers['content-length']),
      idle: options.limits.idle,
      clock: options.clock,
      signal: options.signal,
    })
    return { values: await claimUploads(form.values(), fields, options.user, uploads), files: form.files }
  } catch (cause) {
    await options.ledger.release(form.files)
    throw cause
  }
}

type FileFacts = FieldFacts & { kind: 'file' }

class Form {
  readonly files: string[] = []
  readonly #fields: ReadonlyMap<string, FileFacts>
  readonly #tools: FormTools & FormSender
  /** In the order that they were sent in; parts may end in another. */
  readonly #texts: { readonly name: string; text: string }[] = []
  /** By field, undefined until it is whole, and for good when nobody chose a file. */
  readonly #received = new Map<string, object | undefined>()
  #textLeft: number

  constructor(fields: Fields, tools: FormTools & FormSender) {
    this.#fields = new Map(
      Object.entries(fields).flatMap(([name, { '~field': facts }]) => (facts.kind === 'file' ? [[name, facts]] : [])),
    )
    this.#tools = tools
    this.#textLeft = tools.limits.text
  }

  /** The most bytes the body can have; a sender that announces more is refused before it sends. */
  refuseSize(announced: string | undefined): number {
    const largest = [...this.#fields.values()].reduce((sum, facts) => sum + facts.maxSize, 0)
    // boundaries and headers of the parts, generously
    const most = largest + this.#tools.limits.text + this.#tools.limits.parts * 1024 + 64 * 1024
    const size = Number(announced ?? 0)
    if (size <= most) return most
    const [only, ...others] = this.#fields
    if (only === undefined || others.length > 0) {
      throw filesError(
        'TAPRI_FILES_FORM_TOO_LARGE',
        `Cannot accept the form: it has ${formatBytes(size)}, its fields take ${formatBytes(most)}`,
      )
    }
    const [field, { maxSize }] = only
    throw filesError(
      'TAPRI_FILES_TOO_LARGE',
      `Cannot accept ${field}: the form has ${formatBytes(size)}, ${field} allows ${formatBytes(maxSize)}`,
      {
        facts: { field, maxSize },
      },
    )
  }

  take(header: PartHeader, content: Readable): Promise<void> {
    return header.filename === undefined ? this.#takeText(header.name, content) : this.#takeFile(header, header.filename, content)
  }

  values(): Record<string, unknown> {
    // without a prototype a part may be called `__proto__` and is only one more unknown name
    const values: Record<string, unknown> = Object.create(null)
    for (const [field, file] of this.#received) if (file !== undefined) values[field] = file
    for (const { name, text } of this.#texts) {
      const earlier = values[name]
      if (earlier === undefined) values[name] = text
      else if (Array.isArray(earlier)) earlier.push(text)
      else if (typeof earlier === 'string') values[name] = [earlier, text]
      else throw twice(name)
    }
    return values
  }

  async #takeText(name: string, content: Readable): Promise<void> {
    const chunks: Buffer[] = []
    const part = { name, text: '' }
    this.#texts.push(part)
    for await (const chunk of content) {
      this.#textLeft -= chunk.length
      if (this.#textLeft < 0) throw this.#tooMuchText()
      chunks.push(chunk)
    }
    part.text = decodeText(name, Buffer.concat(chunks))
  }

  async #takeFile(header: PartHeader, filename: string, content: Readable): Promise<void> {
    const facts = this.#fields.get(header.name)
    if (facts === undefined) throw invalid([{ path: [header.name], message: 'does not take a file' }], 'request')
    if (this.#received.has(header.name)) throw twice(header.name)
    this.#received.set(header.name, undefined)
    const rules = {
      field: header.name,
      accept: facts.accept,
      maxSize: facts.maxSize,
      claimed: header.claimed,
      name: cleanName(filename),
      mayBeAbsent: filename === '',
    }
    const { user: sender, address } = this.#tools
    const receiving = { rules, media: facts.media, sender, address }
    this.#received.set(header.name, await receiveFile(content, receiving, this.#tools, (id) => this.files.push(id)))
  }

  #tooMuchText() {
    return filesError(
      'TAPRI_FILES_FORM_TOO_LARGE',
      `Cannot accept the form: its texts have more than ${formatBytes(this.#tools.limits.text)}`,
    )
  }
}

function decodeText(name: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw filesError('TAPRI_FILES_FORM', `Cannot read the form: the text of "${name.slice(0, 100)}" is not UTF-8`, { cause })
  }
}

function twice(name: string) {
  return invalid([{ path: [name], message: 'takes one file, more were sent' }], 'request')
}
