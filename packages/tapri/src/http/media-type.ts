import mime from 'mime'

/** The media type that a file's name promises, with its character set where it is text.
 * @example mediaType('index.html') // 'text/html; charset=utf-8' */
export function mediaType(name: string): string {
  const type = mime.getType(name) ?? 'application/octet-stream'
  const isText = type.startsWith('text/') || type === 'application/json' || type === 'application/manifest+json'
  return isText ? `${type}; charset=utf-8` : type
}
