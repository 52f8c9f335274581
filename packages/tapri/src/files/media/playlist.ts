import type { Fragment } from './fragments.ts'
import type { PictureRange } from './tone-mapping.ts'

/** One way to play a film: a file in pieces, and what a player chooses it by. */
export interface Rung {
  /** Of its files: `720p` has `720p.mp4` and `720p.m3u8`. */
  readonly name: string
  /** Pixels; null of sound. */
  readonly width: number | null
  readonly height: number | null
  /** Pictures a second; null of sound. */
  readonly rate: number | null
  /** Of pictures whose colours are those of HDR still. */
  readonly range?: Exclude<PictureRange, 'SDR'>
  /** Of sound: two unless told. */
  readonly channels?: number
  readonly codecs: readonly string[]
  /** Bits a second of its largest piece, and of all. */
  readonly peak: number
  readonly average: number
  readonly seconds: number
}

interface Pieces {
  /** Bytes of what comes before them. */
  readonly headSize: number
  readonly fragments: readonly Fragment[]
  /** Seconds that players are told of the longest, unless one is longer: all that are played together have to tell the same. */
  readonly target: number
}

/** The playlist of one file whose pieces are ranges of it (RFC 8216 4.3.2.2). */
export function filePlaylist(file: string, { headSize, fragments, target }: Pieces): string {
  const longest = Math.max(target, ...fragments.map(({ duration }) => duration))
  return [
    '#EXTM3U',
    '#EXT-X-VERSION:7',
    // RFC 8216 4.3.3.1: as whole seconds, to the nearest
    `#EXT-X-TARGETDURATION:${Math.round(longest)}`,
    '#EXT-X-MEDIA-SEQUENCE:0',
    '#EXT-X-PLAYLIST-TYPE:VOD',
    '#EXT-X-INDEPENDENT-SEGMENTS',
    `#EXT-X-MAP:URI="${file}",BYTERANGE="${headSize}@0"`,
    ...fragments.flatMap(({ start, size, duration }) => [
      `#EXTINF:${duration.toFixed(6)},`,
      `#EXT-X-BYTERANGE:${size}@${start}`,
      file,
    ]),
    '#EXT-X-ENDLIST',
    '',
  ].join('\n')
}

/** How long all pieces are together, and how many bits a second they take. */
export function figuresOf(fragments: readonly Fragment[]): Pick<Rung, 'peak' | 'average' | 'seconds'> {
  const seconds = fragments.reduce((sum, { duration }) => sum + duration, 0)
  const bytes = fragments.reduce((sum, { size }) => sum + size, 0)
  const peak = Math.max(0, ...fragments.map(({ size, duration }) => (size * 8) / duration))
  return { peak: Math.ceil(peak), average: Math.ceil((bytes * 8) / Math.max(seconds, 0.001)), seconds }
}

/** The playlist that names all ways to play a film, the best first; `sound` is what those without sound of their own are played with. */
export function masterPlaylist(pictures: readonly Rung[], sound: Rung | undefined): string {
  const lines = ['#EXTM3U', '#EXT-X-VERSION:7', '#EXT-X-INDEPENDENT-SEGMENTS']
  if (pictures.length === 0 && sound !== undefined) return [...lines, ...streamLines(sound, undefined), ''].join('\n')
  if (sound !== undefined) {
    const { channels = 2 } = sound
    lines.push(
      `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="Sound",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="${channels}",URI="sound.m3u8"`,
    )
  }
  return [...lines, ...pictures.flatMap((rung) => streamLines(rung, sound)), ''].join('\n')
}

function streamLines(rung: Rung, sound: Rung | undefined): readonly string[] {
  const codecs = [...rung.codecs, ...(sound?.codecs ?? [])].join(',')
  const facts = [
    `BANDWIDTH=${rung.peak + (sound?.peak ?? 0)}`,
    `AVERAGE-BANDWIDTH=${rung.average + (sound?.average ?? 0)}`,
    `CODECS="${codecs}"`,
    ...(rung.width === null ? [] : [`RESOLUTION=${rung.width}x${rung.height}`]),
    ...(rung.rate === null ? [] : [`FRAME-RATE=${rung.rate.toFixed(3)}`]),
    ...(rung.range === undefined ? [] : [`VIDEO-RANGE=${rung.range}`]),
    ...(sound === undefined ? [] : ['AUDIO="sound"']),
  ]
  return [`#EXT-X-STREAM-INF:${facts.join(',')}`, `${rung.name}.m3u8`]
}

export interface Caption {
  /** As BCP 47 writes it, like `en` or `pt-BR`. */
  readonly language: string
  readonly label: string
}

/** The same master playlist with captions to choose from. */
export function withCaptions(master: string, captions: readonly Caption[]): string {
  if (captions.length === 0) return master
  const media = captions.map(
    ({ language, label }) =>
      `#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="captions",NAME="${label.replaceAll(/["\r\n]/g, "'")}",LANGUAGE="${language}",DEFAULT=NO,AUTOSELECT=YES,FORCED=NO,URI="captions-${language}.m3u8"`,
  )
  const lines = master.split('\n').map((line) => (line.startsWith('#EXT-X-STREAM-INF:') ? `${line},SUBTITLES="captions"` : line))
  const at = lines.findIndex((line) => line.startsWith('#EXT-X-STREAM-INF:'))
  return [...lines.slice(0, at), ...media, ...lines.slice(at)].join('\n')
}

/** The playlist of captions, which are one file as long as the film. */
export function captionsPlaylist(file: string, seconds: number): string {
  return [
    '#EXTM3U',
    '#EXT-X-VERSION:7',
    `#EXT-X-TARGETDURATION:${Math.max(1, Math.ceil(seconds))}`,
    '#EXT-X-MEDIA-SEQUENCE:0',
    '#EXT-X-PLAYLIST-TYPE:VOD',
    `#EXTINF:${seconds.toFixed(6)},`,
    file,
    '#EXT-X-ENDLIST',
    '',
  ].join('\n')
}

/** The same playlist with a query behind each file that it names. */
export function withQuery(playlist: string, query: string): string {
  return playlist
    .split('\n')
    .map((line) => {
      if (line.startsWith('#')) return line.replace(/URI="([^"?]*)"/, `URI="$1?${query}"`)
      return line === '' ? line : `${line}?${query}`
    })
    .join('\n')
}
