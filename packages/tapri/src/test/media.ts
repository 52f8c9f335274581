/** The shortest starts that tell what a file is, pictures of one dot whole; the rest may be anything. */
const starts: Readonly<Record<string, { readonly type: string; readonly bytes: readonly number[] }>> = {
  mp4: { type: 'video/mp4', bytes: [0, 0, 0, 24, ...words('ftypisom'), 0, 0, 2, 0, ...words('isomiso2')] },
  webm: { type: 'video/webm', bytes: [0x1a, 0x45, 0xdf, 0xa3, 0x9f, 0x42, 0x82, 0x84, ...words('webm')] },
  png: {
    type: 'image/png',
    bytes: decoded(
      'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABAQMAAAAl21bKAAAAA1BMVEX7kjxy8zX0AAAACXBIWXMAAAPoAAAD6AG1e1JrAAAACklEQVQI12NgAAAAAgAB4iG8MwAAAABJRU5ErkJggg==',
    ),
  },
  jpg: {
    type: 'image/jpeg',
    bytes: decoded(
      '/9j/2wBDABQODxIPDRQSEBIXFRQYHjIhHhwcHj0sLiQySUBMS0dARkVQWnNiUFVtVkVGZIhlbXd7gYKBTmCNl4x9lnN+gXz/2wBDARUXFx4aHjshITt8U0ZTfHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHz/wAARCAABAAEDASIAAhEBAxEB/8QAFQABAQAAAAAAAAAAAAAAAAAAAAX/xAAUEAEAAAAAAAAAAAAAAAAAAAAA/8QAFAEBAAAAAAAAAAAAAAAAAAAABf/EABQRAQAAAAAAAAAAAAAAAAAAAAD/2gAMAwEAAhEDEQA/AKAAgs//2Q==',
    ),
  },
  gif: { type: 'image/gif', bytes: decoded('R0lGODlhAQABAIAAAExpcfuSPCH5BAUAAAAALAAAAAABAAEAAAICTAEAOw==') },
  webp: {
    type: 'image/webp',
    bytes: decoded('UklGRjIAAABXRUJQVlA4ICYAAACQAQCdASoBAAEABUB8JaACdLoAA5gA/uFHf1qEZrWt/FBcIsTAAA=='),
  },
  mp3: { type: 'audio/mpeg', bytes: words('ID3') },
  pdf: { type: 'application/pdf', bytes: words('%PDF-1.7') },
  txt: { type: 'text/plain', bytes: words('a small text for a test') },
}

/** A file that is of the type its name says, by its first bytes, and `size` bytes long; pictures can be shown. */
export function testFile(name: string, size: number): File {
  const ending = name.slice(name.lastIndexOf('.') + 1).toLowerCase()
  const { type, bytes } = starts[ending] ?? { type: 'application/octet-stream', bytes: [] }
  const content = new Uint8Array(Math.max(size, bytes.length)).fill(ending === 'txt' ? 0x20 : 0)
  content.set(bytes)
  return new File([content], name, { type })
}

function words(text: string): number[] {
  return [...text].map((letter) => letter.charCodeAt(0))
}

function decoded(base64: string): number[] {
  return [...Buffer.from(base64, 'base64')]
}
