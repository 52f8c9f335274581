/** One thing that every server is asked for: what is sent, and what must come back. */
export interface Row {
  /** As figures name it: `json_vs_raw`. */
  readonly name: string
  readonly meaning: string
  readonly path: string
  /** JSON; a row that has it is a POST. */
  readonly body?: string
  /** How many callers ask at once, each as soon as it is answered. */
  readonly connections: number
  readonly status: number
  /** The media type, without parameters. */
  readonly type: string
  /** The answer's body: the text, or the bytes. */
  readonly answer: string | Buffer
  /** Takes out of a body what differs from answer to answer. */
  settled?(body: string): string
  /** What a server that really checks its input refuses with a status of 400 to 499. */
  readonly refused?: readonly Pick<Row, 'path' | 'body'>[]
}

/** Callers at once, unless a row moves large bodies. */
export const callers = 64

/** The security headers that Tapri sends with every answer; so does everybody else here. */
export const securityHeaders = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Referrer-Policy': 'strict-origin-when-cross-origin',
} as const
