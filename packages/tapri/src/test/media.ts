/** The shortest starts that tell what a file is; the rest may be anything. */
const starts: Readonly<Record<string, { readonly type: string; readonly bytes: readonly number[] }>> = {
  mp4: { type: 'video/mp4', bytes: [0, 0, 0, 24, ...words('ftypisom'), 0, 0, 2, 0, ...words('isomiso2')] },
  webm: { type: 'video/webm', bytes: [0x1a, 0x45, 0xdf, 0xa3, 0x9f, 0x42, 0x82, 0x84, ...words('webm')] },
  png: {
    type: 'image/png',
    bytes: [0x89, ...words('PNG'), 13, 10, 26, 10, 0, 0, 0, 13, ...words('IHDR'), 0, 0, 0, 1, 0, 0, 0, 1, 8, 6, 0, 0, 0],
  },
  jpg: { type: 'image/jpeg', bytes: [0xff, 0xd8, 0xff, 0xe0, 0, 16, ...words('JFIF'), 0] },
  gif: { type: 'image/gif', bytes: words('GIF89a') },
  mp3: { type: 'audio/mpeg', bytes: words('ID3') },
  pdf: { type: 'application/pdf', bytes: words('%PDF-1.7') },
  txt: { type: 'text/plain', bytes: words('a small text for a test') },
}

/** A file that is of the type its name says, by its first bytes, and `size` bytes long. */
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
