import { accepts, canonicalType } from './accept.ts'
import { filesError } from './errors.ts'

/** Bytes from the start of a file within which nearly every kind can be told. */
export const headSize = 4100

export interface Claim {
  readonly field: string
  readonly accept: readonly string[]
  /** The media type that the sender claims. */
  readonly claimed: string
  readonly name: string
}

export interface ToldType {
  readonly type: string
  /** Text has no marks at its start, so all of it has to be looked at. */
  readonly isText: boolean
}

/** Text by its name's ending. None of these can run in a browser, which HTML and SVG can. */
const textTypes: Readonly<Record<string, string>> = {
  csv: 'text/csv',
  json: 'application/json',
  md: 'text/markdown',
  ndjson: 'application/x-ndjson',
  srt: 'application/x-subrip',
  tsv: 'text/tab-separated-values',
  txt: 'text/plain',
  vtt: 'text/vtt',
}

/**
 * Tells a file's type from its first bytes; what the sender claims only decides between texts.
 * @throws TAPRI_FILES_TYPE when the field does not accept what the file is
 */
export async function tellType(head: Uint8Array, claim: Claim): Promise<ToldType> {
  const text = textType(claim)
  if (text !== undefined && accepts(claim.accept, text.type, text.ending) && isTextSoFar(head))
    return { type: text.type, isText: true }
  const found = await magicType(head)
  if (found === undefined) {
    if (accepts(claim.accept, 'application/octet-stream', '')) return { type: 'application/octet-stream', isText: false }
    throw refused(claim, isTextSoFar(head) ? 'text' : 'of no known kind')
  }
  const type = soundOnly(found.type, claim)
  if (accepts(claim.accept, type, found.ending)) return { type, isText: false }
  throw refused(claim, type)
}

/** Checks text piece by piece: valid UTF-8 without NUL.
 * @throws TAPRI_FILES_TYPE */
export function textChecker(claim: Claim): (chunk: Uint8Array | undefined) => void {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  return (chunk) => {
    try {
      decoder.decode(chunk, { stream: chunk !== undefined })
    } catch {
      throw refused(claim, 'not UTF-8 text')
    }
    if (chunk?.includes(0)) throw refused(claim, 'not text: it has a NUL byte')
  }
}

async function magicType(head: Uint8Array): Promise<{ type: string; ending: string } | undefined> {
  // it has a module for each kind of archive, which an app without files does not need
  const { fileTypeFromBuffer } = await import('file-type')
  // a detector that is led astray by crafted bytes has told nothing
  const found = await fileTypeFromBuffer(head).catch(() => undefined)
  return found === undefined ? undefined : { type: canonicalType(found.mime), ending: found.ext }
}

function textType(claim: Claim): { type: string; ending: string } | undefined {
  const claimed = Object.entries(textTypes).find(([, type]) => type === claim.claimed)
  if (claimed !== undefined) return { type: claimed[1], ending: claimed[0] }
  // a machine with Excel says vnd.ms-excel for .csv, and many say octet-stream for .vtt or .md
  const isVague = claim.claimed === 'application/octet-stream' || claim.claimed === 'application/vnd.ms-excel'
  const ending = claim.name.slice(claim.name.lastIndexOf('.') + 1).toLowerCase()
  const type = isVague && Object.hasOwn(textTypes, ending) ? textTypes[ending] : undefined
  return type === undefined ? undefined : { type, ending }
}

function isTextSoFar(head: Uint8Array): boolean {
  if (head.includes(0)) return false
  try {
    // the head may end within a character
    new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true })
    return true
  } catch {
    return false
  }
}

/** These containers begin alike with and without pictures: the sender may say that there is only sound. */
const containers = new Set(['video/webm', 'video/mp4', 'video/ogg', 'application/ogg', 'video/3gpp'])

function soundOnly(type: string, claim: Claim): string {
  const sound = `audio/${type.slice(type.indexOf('/') + 1)}`
  return containers.has(type) && canonicalType(claim.claimed) === sound ? sound : type
}

function refused(claim: Claim, is: string) {
  return filesError(
    'TAPRI_FILES_TYPE',
    `Cannot accept "${claim.name}" as ${claim.field}: it claims to be ${claim.claimed} and is ${is}, accepted are ${claim.accept.join(', ')}`,
    { facts: { field: claim.field, claimed: claim.claimed, is, accept: claim.accept } },
  )
}
