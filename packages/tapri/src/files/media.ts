import type { Processing } from '../data/index.ts'

/** What the row of a picture keeps of it. Pixels, upright. */
export type Pictured = {
  readonly width: number
  readonly height: number
}

/** What the row of a film or a recording keeps of it, while it is made ready and after. */
export type Filmed = Processing & {
  /** Seconds. */
  readonly duration: number | null
  readonly width: number | null
  readonly height: number | null
  /** Whether there is one. */
  readonly poster: boolean
  /** Whether it can be played as HLS; while renditions are still missing too. */
  readonly stream: boolean
  readonly captions: readonly { readonly language: string; readonly label: string }[]
}

/** What the row keeps of a live stream while there is one. */
export type Live = {
  readonly state: 'live' | 'ended'
  /** When it began, as JSON writes it. */
  readonly since: string
}

export type Media = Readonly<Record<string, unknown>>

// What a column keeps was written by this room: its kind tells its shape.
export function isPictured(media: Media | undefined): media is Media & Pictured {
  return media !== undefined && typeof media.width === 'number' && !('state' in media)
}

export function isLive(media: Media | undefined): media is Media & Live {
  return media !== undefined && typeof media.since === 'string'
}

export function isFilmed(media: Media | undefined): media is Media & Filmed {
  return media !== undefined && typeof media.state === 'string'
}
