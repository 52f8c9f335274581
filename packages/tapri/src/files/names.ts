const mostBytes = 255
const encoder = new TextEncoder()

/** Control characters, and those that turn the direction of text round to make `exe.gpj` look like a picture. */
const unwanted = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu

/**
 * A sender's file name as it is kept: only its last part, normal form C, no control characters, at most 255
 * bytes with its ending kept. It is shown, never used as a path.
 * @example cleanName('C:\\clips\\kites.mp4') // 'kites.mp4'
 */
export function cleanName(sent: string): string {
  const last = sent.slice(Math.max(sent.lastIndexOf('/'), sent.lastIndexOf('\\')) + 1)
  // letters that something stood between are one in the normal form
  const name = shorten(last.toWellFormed().replaceAll(unwanted, '').normalize('NFC').trim())
  return name === '' || name === '.' || name === '..' ? 'file' : name
}

function shorten(name: string): string {
  if (encoder.encode(name).length <= mostBytes) return name
  const dot = name.lastIndexOf('.')
  const ending = dot > 0 && name.length - dot <= 16 ? name.slice(dot) : ''
  const room = mostBytes - encoder.encode(ending).length
  // encodeInto stops before a character that does not fit whole
  const { read } = encoder.encodeInto(name, new Uint8Array(room))
  return name.slice(0, read).trimEnd() + ending
}

/**
 * A Content-Disposition (RFC 6266) that any client can read and no name can break out of.
 * @example contentDisposition('attachment', 'नमस्ते.pdf')
 */
export function contentDisposition(kind: 'inline' | 'attachment', name: string): string {
  const plain = name.replaceAll(/[^\x20-\x7e]|["\\%]/g, '_')
  if (plain === name) return `${kind}; filename="${name}"`
  // RFC 8187 allows fewer characters unescaped than encodeURIComponent leaves
  const escaped = encodeURIComponent(name).replaceAll(
    /['()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `${kind}; filename="${plain}"; filename*=UTF-8''${escaped}`
}
