/** A piece of a live stream, which can be fetched for a while. */
export interface LivePiece {
  /** Counts the pieces of the stream from 0. */
  readonly at: number
  /** Seconds. */
  readonly duration: number
  /** Counts the pushes of the stream from 0: the pieces of each have a head of their own. */
  readonly push: number
  /** How many discontinuities are before it, since the stream began. */
  readonly breaks: number
}

/** The last of a live stream. */
export interface Window {
  /** Where the next piece is. */
  readonly next: number
  /** How many pushes there were. */
  readonly pushes: number
  /** Seconds of the longest piece so far, or more: what players are told should never change (RFC 8216 6.2.1). */
  readonly longest: number
  readonly pieces: readonly LivePiece[]
}

/** Pieces that a playlist names. */
const shown = 6
/** Seconds: a key frame every four is as seldom as encoders for the net are told to make them. Three times that are in six pieces of
 * two seconds, as RFC 8216 6.2.2 asks. */
const usuallyLongest = 4
/** RFC 8216 6.2.2: a piece outlives the playlist that names it by as long as that playlist is. */
const kept = 2 * shown + 2

export const emptyWindow: Window = { next: 0, pushes: 0, longest: usuallyLongest, pieces: [] }

/** A push that was taken over may still be keeping a piece where the other one has its own. */
export function pieceName({ push, at }: Pick<LivePiece, 'push' | 'at'>): string {
  return `piece-${push}-${at}.m4s`
}

export function headName(push: number): string {
  return `head-${push}.mp4`
}

/** The window moved on by a piece of its newest push, and the names of what nobody can ask for any more. */
export function moved(window: Window, duration: number): { readonly window: Window; readonly gone: readonly string[] } {
  const push = window.pushes - 1
  const before = window.pieces.at(-1)
  const breaks = before === undefined ? 0 : before.breaks + (before.push === push ? 0 : 1)
  const pieces = [...window.pieces, { at: window.next, duration, push, breaks }]
  const left = pieces.slice(-kept)
  const heads = new Set(left.map(({ push }) => push))
  const gone = pieces.slice(0, -kept)
  const goneHeads = new Set(gone.map(({ push }) => push).filter((push) => !heads.has(push)))
  return {
    window: { ...window, next: window.next + 1, longest: Math.max(window.longest, duration), pieces: left },
    gone: [...gone.map(pieceName), ...[...goneHeads].map(headName)],
  }
}

/** The playlist of what is live, or of the end of what was. */
export function livePlaylist({ pieces, longest }: Window, { isEnded }: { readonly isEnded: boolean }): string {
  const named = pieces.slice(-shown)
  const [first] = named
  const lines = [
    '#EXTM3U',
    '#EXT-X-VERSION:7',
    `#EXT-X-TARGETDURATION:${Math.round(longest)}`,
    `#EXT-X-MEDIA-SEQUENCE:${first?.at ?? 0}`,
    `#EXT-X-DISCONTINUITY-SEQUENCE:${first?.breaks ?? 0}`,
    '#EXT-X-INDEPENDENT-SEGMENTS',
  ]
  let push: number | undefined
  for (const piece of named) {
    if (piece.push !== push) {
      if (push !== undefined) lines.push('#EXT-X-DISCONTINUITY')
      lines.push(`#EXT-X-MAP:URI="${headName(piece.push)}"`)
      push = piece.push
    }
    lines.push(`#EXTINF:${piece.duration.toFixed(6)},`, pieceName(piece))
  }
  if (isEnded) lines.push('#EXT-X-ENDLIST')
  return [...lines, ''].join('\n')
}
