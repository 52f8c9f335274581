import { filesError } from './errors.ts'

export interface PartHeader {
  readonly name: string
  /** Absent in a part that is text. */
  readonly filename: string | undefined
  /** The media type that the sender claims, in lower case, without parameters. */
  readonly claimed: string
}

/** Header lines by name in lower case, each byte as one character. */
export type RawHeader = Readonly<Record<string, readonly string[]>>

const mostBytes = 8 * 1024
const utf8 = new TextDecoder()

/** How much of a part's header is kept while it is read: enough to see that it is too large. */
export const headerLimits = { pairs: 21, bytes: 2 * mostBytes }

/**
 * Reads a part's header strictly: what a lenient parser drops in silence is refused.
 * @throws TAPRI_FILES_FORM
 */
export function readPartHeader(header: RawHeader): PartHeader {
  const size = Object.entries(header).reduce((sum, [key, values]) => sum + key.length + values.join('').length, 0)
  const pairs = Object.values(header).reduce((sum, values) => sum + values.length, 0)
  if (size > mostBytes) throw malformed(`a part has a header of more than ${mostBytes / 1024} kB`)
  if (pairs >= headerLimits.pairs) throw malformed(`a part has more than ${headerLimits.pairs - 1} header lines`)

  const disposition = header['content-disposition']
  if (disposition?.length !== 1) throw malformed('each part needs one Content-Disposition')
  const parameters = readParameters(disposition[0] ?? '')
  const name = parameters.get('name')
  if (name === undefined || name === '') throw malformed('a part has no name')
  refuseEncoding(header['content-transfer-encoding']?.[0])
  return { name, filename: extendedName(parameters.get('filename*')) ?? parameters.get('filename'), claimed: claimedType(header) }
}

/** `form-data; name="title"; filename="kites.mp4"`: each step takes a parameter or refuses. */
function readParameters(text: string): Map<string, string> {
  const start = /^\s*form-data\s*(?=;|$)/i.exec(text)
  if (start === null) throw malformed('a part is not form-data')
  // linear time: no two neighbours take the same characters
  const parameter = /;\s*([a-z0-9_*-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"\s*|([^\s";]+)\s*|)(?=;|$)|;\s*$/giy
  parameter.lastIndex = start[0].length
  const found = new Map<string, string>()
  while (parameter.lastIndex < text.length) {
    const match = parameter.exec(text)
    if (match === null) throw malformed('a Content-Disposition cannot be read')
    const key = match[1]?.toLowerCase()
    if (key === undefined) continue
    if (found.has(key)) throw malformed(`a Content-Disposition has "${key}" twice`)
    found.set(key, decode(match[2] === undefined ? (match[3] ?? '') : unquote(match[2])))
  }
  return found
}

/** Browsers write `"` and line ends as %22, %0D, %0A; other senders put a backslash before `"`. A backslash
 * before anything else is part of a Windows path. */
function unquote(text: string): string {
  return text
    .replaceAll(/\\(["\\])/g, '$1')
    .replaceAll('%22', '"')
    .replaceAll(/%0D/gi, '\r')
    .replaceAll(/%0A/gi, '\n')
}

function decode(bytes: string): string {
  return utf8.decode(Buffer.from(bytes, 'latin1'))
}

/** RFC 8187 `UTF-8''na%C3%AFve.txt`, which some senders use for names beyond ASCII. */
function extendedName(value: string | undefined): string | undefined {
  if (value === undefined) return undefined
  const match = /^utf-8'[^']*'(.*)$/is.exec(value)
  try {
    return match === null ? undefined : decodeURIComponent(match[1] ?? '')
  } catch {
    throw malformed('a filename* is not UTF-8')
  }
}

function refuseEncoding(encoding: string | undefined): void {
  if (encoding === undefined || /^(?:7bit|8bit|binary)$/i.test(encoding.trim())) return
  // RFC 7578 4.7 deprecates it; bytes stored still encoded would be another file
  throw malformed('a part has a Content-Transfer-Encoding: send the bytes as they are')
}

function claimedType(header: RawHeader): string {
  const type = header['content-type']?.[0]?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
  return /^[a-z0-9!#$&^_.+-]{1,127}\/[a-z0-9!#$&^_.+-]{1,127}$/.test(type) ? type : 'application/octet-stream'
}

function malformed(reason: string) {
  return filesError('TAPRI_FILES_FORM', `Cannot read the form: ${reason}`)
}
