/** Other names of one type, by which senders and programs know it. */
const canonical: Readonly<Record<string, string>> = {
  'application/x-gzip': 'application/gzip',
  'application/x-zip-compressed': 'application/zip',
  'audio/mp3': 'audio/mpeg',
  'audio/vnd.wave': 'audio/wav',
  'audio/wave': 'audio/wav',
  'audio/x-flac': 'audio/flac',
  'audio/x-m4a': 'audio/mp4',
  'audio/x-wav': 'audio/wav',
  'image/jpg': 'image/jpeg',
  'image/pjpeg': 'image/jpeg',
  'video/x-m4v': 'video/mp4',
  'video/x-matroska': 'video/matroska',
  'video/x-msvideo': 'video/vnd.avi',
}
const endings: Readonly<Record<string, string>> = { jpeg: 'jpg', tiff: 'tif', m4v: 'mp4', mpga: 'mp3', oga: 'ogg', ogv: 'ogg' }

/** The one name of a media type under which it is compared and kept. */
export function canonicalType(type: string): string {
  return canonical[type] ?? type
}

/**
 * Whether a field's `accept` takes a type: `video/*`, `image/png`, any at all or an ending like `.pdf`.
 * @example accepts(['image/*'], 'image/png', 'png') // true
 */
export function accepts(accept: readonly string[], type: string, ending: string): boolean {
  return accept.some((pattern) => {
    if (pattern.startsWith('.')) return canonicalEnding(pattern.slice(1)) === canonicalEnding(ending)
    if (pattern === '*/*' || pattern === '*') return true
    return pattern.endsWith('/*') ? type.startsWith(pattern.slice(0, -1)) : canonicalType(pattern) === type
  })
}

function canonicalEnding(ending: string): string {
  return endings[ending] ?? ending
}
