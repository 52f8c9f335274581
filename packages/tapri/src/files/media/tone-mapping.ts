import type { Clock } from '../../kit/clock.ts'
import { type Programs, runProgram } from './programs.ts'

/** How the brightness of a picture is written: as screens have always had it, or as HDR in one of its two ways (BT.2100). The words
 * are those of HLS (VIDEO-RANGE). */
export type PictureRange = 'SDR' | 'PQ' | 'HLG'

/** The ways of HDR, as ffmpeg names them. */
const transfers: Readonly<Record<Exclude<PictureRange, 'SDR'>, string>> = { PQ: 'smpte2084', HLG: 'arib-std-b67' }

/** @example rangeOf('smpte2084') // 'PQ' */
export function rangeOf(transfer: unknown): PictureRange {
  if (transfer === transfers.PQ) return 'PQ'
  return transfer === transfers.HLG ? 'HLG' : 'SDR'
}

/** Whether ffmpeg can make the usual colours of those of HDR: it is built with zimg where it can. */
export async function hasToneMapping(programs: Programs, clock: Clock): Promise<boolean> {
  const said = await runProgram(programs.ffmpeg, ['-v', 'error', '-filters'], { clock, idle: 10_000 })
  // each line has flags before the name
  const names = new Set(said.split('\n').map((line) => line.trim().split(' ')[1]))
  return names.has('zscale') && names.has('tonemap')
}

/** Filters that make the usual colours (BT.709) of those of HDR: brightness as light has it, of which what screens have always shown
 * stays as it is (mobius), and what is brighter is curved into the rest. */
export function toneMapping(range: Exclude<PictureRange, 'SDR'>): string {
  // told, since not every film tells all three; zscale takes RGB for nothing else
  const light = `format=yuv420p10le,zscale=tin=${transfers[range]}:pin=bt2020:min=bt2020nc:t=linear:npl=100,format=gbrpf32le`
  return `${light},zscale=p=bt709,tonemap=tonemap=mobius:desat=0,zscale=t=bt709:m=bt709:r=tv,format=yuv420p`
}

/** What is said of a picture whose colours stay those of HDR. */
export function rangeArgs(range: PictureRange): readonly string[] {
  if (range === 'SDR') return []
  return ['-color_trc', transfers[range], '-color_primaries', 'bt2020', '-colorspace', 'bt2020nc']
}
