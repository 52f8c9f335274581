import type { ClientSession, Kept, Server } from './server.ts'

/** Of UTF-16, each of which takes at most three bytes: below the 16 MB of a document. */
const longestPiece = 5_000_000

interface Options {
  readonly session: ClientSession
  readonly maxTimeMS: number
}

/** What is left of a text too long for one document. */
export function piecesOf(server: Server): Kept {
  return server.db.collection('tapri_pieces')
}

/** Keeps a text with its entry, and what is too long for one document beside it; answers what the entry is to hold. */
export async function keepText(server: Server, position: number, text: string, options: Options) {
  const [changes = '', ...more] = cut(text)
  // one by one: together they may be more than a message holds
  for (const [part, piece] of more.entries()) {
    await piecesOf(server).insertOne({ _id: `${position} ${part}`, position, part, text: piece }, options)
  }
  return { changes, more: more.length }
}

/** The whole text of an entry. */
export async function wholeText(server: Server, position: number, { changes, more }: { changes: unknown; more: unknown }) {
  if (Number(more ?? 0) === 0) return String(changes)
  const pieces = await piecesOf(server).find({ position }, { maxTimeMS: server.longest }).sort({ part: 1 }).toArray()
  return String(changes) + pieces.map(({ text }) => text).join('')
}

function cut(text: string): string[] {
  if (text.length <= longestPiece) return [text]
  const pieces: string[] = []
  for (let start = 0; start < text.length; ) {
    let end = Math.min(start + longestPiece, text.length)
    // the halves of a sign stay together: alone they are no UTF-8
    if (isFirstHalf(text.charCodeAt(end - 1))) end--
    pieces.push(text.slice(start, end))
    start = end
  }
  return pieces
}

function isFirstHalf(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00
}
