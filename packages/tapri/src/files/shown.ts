import type { FileFacts, FilePlace, LiveStream, StoredAudio, StoredFile, StoredImage, StoredVideo } from '../data/index.ts'
import { type Filmed, isFilmed, isLive, isPictured, type Pictured } from './media.ts'

/**
 * What rows show of a file: where it is fetched, and what was made of it.
 * @example shownFile('/api', { model: 'videos', row: id, field: 'film', media: undefined }, file).url
 */
export function shownFile(base: string, place: FilePlace, { id, name, type, size, media }: FileFacts): StoredFile | LiveStream {
  const url = urlIn(base, place, id)
  const file = { id, name, type, size, url: url() }
  switch (place.media?.kind) {
    case 'image':
      return shownImage(file, url, Object.keys(place.media.variants), isPictured(media) ? media : noPicture)
    case 'video':
      return shownVideo(file, url, isFilmed(media) ? media : unseen)
    case 'audio':
      return shownAudio(file, url, isFilmed(media) ? media : unseen)
    case 'live':
      return { id, ...(isLive(media) ? { state: media.state, since: media.since } : unseenStream), stream: url('live.m3u8') }
    default:
      return file
  }
}

type UrlOf = (part?: string) => string

/** The end of the file's id makes the URL of a new file a new one. */
function urlIn(base: string, { model, row, field }: FilePlace, id: string): UrlOf {
  return (part) => `${base}/files/${model}/${row}/${field}${part === undefined ? '' : `/${part}`}?v=${id.slice(-12)}`
}

/** Of a file that came before its field was one for pictures. */
const noPicture: Pictured = { width: 0, height: 0 }

/** Of a file that came before its field was one for films. */
const unseen: Filmed = {
  state: 'waiting',
  progress: 0,
  reason: null,
  duration: null,
  width: null,
  height: null,
  poster: false,
  stream: false,
  captions: [],
}

const unseenStream = { state: 'ended', since: '1970-01-01T00:00:00.000Z' } as const

function shownImage(file: StoredFile, url: UrlOf, names: readonly string[], { width, height }: Pictured): StoredImage {
  return { ...file, width, height, variants: Object.fromEntries(names.map((name) => [name, url(name)])) }
}

function shownAudio(file: StoredFile, url: UrlOf, { state, progress, reason, duration, stream }: Filmed): StoredAudio {
  return { ...file, processing: { state, progress, reason }, duration, stream: stream ? url('stream.m3u8') : null }
}

function shownVideo(file: StoredFile, url: UrlOf, filmed: Filmed): StoredVideo {
  const { width, height, poster, captions } = filmed
  return {
    ...shownAudio(file, url, filmed),
    width,
    height,
    poster: poster ? url('poster') : null,
    captions: captions.map(({ language, label }) => ({ language, label, url: url(`captions-${language}.vtt`) })),
  }
}
