export type Message = readonly [topic: string, text: string]

/** PostgreSQL takes less than 8,000 bytes at a time; some are for what stands in front. */
const largestPiece = 7900

/**
 * Messages as payloads of one batch, whose name nobody else uses: `name index count part`. JSON because a payload holds no NUL;
 * each is another text because PostgreSQL tells equal ones of a transaction once.
 * @example piecesOf([['kites', 'red']], 'a1') // ['a1 0 1 [["kites","red"]]']
 */
export function piecesOf(messages: readonly Message[], name: string): string[] {
  const bytes = Buffer.from(JSON.stringify(messages))
  const parts: string[] = []
  for (let from = 0; from < bytes.length; ) {
    const to = endOfPiece(bytes, from)
    parts.push(bytes.toString('utf8', from, to))
    from = to
  }
  return parts.map((part, index) => `${name} ${index} ${parts.length} ${part}`)
}

/** Where a character begins. */
function endOfPiece(bytes: Buffer, from: number): number {
  let to = Math.min(bytes.length, from + largestPiece)
  while (to < bytes.length && ((bytes[to] ?? 0) & 0xc0) === 0x80) to--
  return to
}

/** Puts the pieces together that come in order; a batch is told once it is whole, and never in part. */
export function joined(tell: (messages: readonly Message[]) => void): (payload: string) => void {
  let name = ''
  let parts: string[] = []
  return (payload) => {
    const [, batch, index, count, part] = /^(\S+) (\d+) (\d+) (.*)$/s.exec(payload) ?? []
    // others may notify there too
    if (batch === undefined || part === undefined) return
    if (index === '0') {
      name = batch
      parts = []
    }
    // its first pieces came before we listened
    if (batch !== name || Number(index) !== parts.length) return
    parts.push(part)
    if (parts.length < Number(count)) return
    const text = parts.join('')
    name = ''
    parts = []
    tell(asMessages(JSON.parse(text)))
  }
}

// Who may notify on the channel is a user of the app's database, who could write its tables as well.
function asMessages(value: unknown): readonly Message[] {
  return value as readonly Message[]
}
