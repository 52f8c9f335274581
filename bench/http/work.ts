// What every server of this benchmark answers, so that they differ in nothing but themselves.

/** The security headers that Tapri sends; the others send them too. */
export const securityHeaders = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'strict-origin-when-cross-origin',
  Vary: 'Accept, Accept-Encoding',
} as const

export const small = { hello: 'world', count: 42, ok: true }

export const list = Array.from({ length: 100 }, (_, index) => ({
  id: `019a9f3e-8c1b-7a53-9d0e-${String(index).padStart(12, '0')}`,
  title: `Kites over the river, part ${index}`,
  views: index * 37,
  published: index % 3 !== 0,
}))

/** One MiB, given in pieces as a file would be. */
export const streamSize = 1_048_576
const piece = Buffer.alloc(65_536, 'kites ')
export function* streamPieces(): Generator<Buffer> {
  for (let sent = 0; sent < streamSize; sent += piece.length) yield piece
}

/** Tells the parent where the server listens, and on request how much CPU it has used. */
export function report(port: number): void {
  process.on('message', () => process.send?.({ cpu: process.cpuUsage() }))
  process.on('disconnect', () => process.exit())
  process.send?.({ port })
}
