import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { filesError } from '../errors.ts'
import type { Filmed } from '../media.ts'
import { type EncodeTools, encode, isMade, keepRung } from './encode.ts'
import { ladderArgs, ladderOf, posterArgs, remuxArgs, type Step, soundArgs } from './ladder.ts'
import type { Rung } from './playlist.ts'
import { type Looked, type Picture, probe } from './probe.ts'

export interface MakingTools extends EncodeTools {
  /** What earlier attempts have finished. */
  readonly made: readonly Rung[]
  /** Keeps what is finished by now. */
  remember(made: readonly Rung[]): Promise<void>
  /** Tells whoever follows the row. */
  tell(news: Partial<Filmed>): Promise<void>
  /** The same of progress, 0 to 1, which nobody waits for. */
  advance(progress: number): void
}

interface Wanted {
  readonly kind: 'video' | 'audio'
  /** Of the renditions. */
  readonly heights: readonly number[]
  readonly hasPoster: boolean
}

/** The name of the rendition that is the film as it came. */
export const sourceName = 'source'
const soundName = 'sound'
/** Of the whole way, what is done when the long part begins. */
const begun = 0.05

/**
 * Makes a film or a recording ready for streaming: first what can be played at once, then the rest, and nothing twice.
 * @throws TAPRI_FILES_FILM when it cannot be, TAPRI_FILES_NO_FFMPEG
 */
export async function makeReady(wanted: Wanted, tools: MakingTools): Promise<void> {
  const looked = await probe(tools.path, tools)
  const { picture, sound, duration } = looked
  if (wanted.kind === 'audio' && sound === null)
    throw filesError('TAPRI_FILES_FILM', 'Cannot make the recording ready: there is no sound in it')
  const shown = wanted.kind === 'audio' ? null : picture
  // of what an earlier attempt has finished, the row may not have been told
  const made = { poster: wanted.hasPoster, stream: tools.made.some(({ width }) => width !== null || shown === null) }
  const size = { width: shown?.width ?? null, height: shown?.height ?? null }
  await tools.tell({ state: 'working', reason: null, duration, ...size, ...made })
  if (shown !== null && !wanted.hasPoster) await makePoster(shown, duration, tools)
  await new Making({ ...looked, picture: shown }, tools).make(wanted.heights)
}

class Making {
  readonly #looked: Looked
  readonly #tools: MakingTools
  #made: readonly Rung[]
  #isTold = false

  constructor(looked: Looked, tools: MakingTools) {
    this.#looked = looked
    this.#tools = tools
    this.#made = tools.made
  }

  async make(heights: readonly number[]): Promise<void> {
    const { picture, sound } = this.#looked
    const steps = picture === null ? [] : ladderOf(picture, heights)
    const isFast = picture?.isPlayable === true && sound?.isPlayable !== false
    if (picture !== null && isFast && !this.#has(sourceName)) await this.#remux(picture)
    const smallest = steps.slice(-1)
    // nothing is to be seen yet, so the smallest comes first, at the cost of decoding it once more
    if (!isFast && steps.length > 1) await this.#render(smallest, { from: begun, to: 0.2 })
    await this.#render(steps, { from: isFast ? begun : 0.2, to: 1 })
  }

  #has(name: string): boolean {
    return this.#made.some((rung) => rung.name === name)
  }

  async #remux(picture: Picture): Promise<void> {
    const { sound } = this.#looked
    await this.#encode(remuxArgs(picture, sound, this.#pathOf(sourceName)))
    await this.#keep({ name: sourceName, type: 'video/mp4', width: picture.width, height: picture.height, rate: picture.rate })
  }

  /** Makes what there is not yet of these renditions, and the sound, with one decoding. */
  async #render(all: readonly Step[], { from, to }: { readonly from: number; readonly to: number }): Promise<void> {
    const { picture, sound, duration } = this.#looked
    const steps = all.filter(({ name }) => !this.#has(name))
    const needsSound = sound !== null && !this.#has(soundName)
    if (steps.length === 0 && !needsSound) return
    const pictures = picture === null || steps.length === 0 ? [] : ladderArgs(picture, steps, (name) => this.#pathOf(name))
    const sounds = needsSound ? soundArgs(sound, this.#pathOf(soundName)) : []
    const onTime = (seconds: number) => this.#tools.advance(from + (to - from) * Math.min(1, seconds / duration))
    await this.#encode([...pictures, ...sounds], { onTime, most: steps.reduce((sum, { most }) => sum + most, 0) })
    // without its sound a picture could be played, and would be silent
    if (needsSound)
      await this.#keep({ name: soundName, type: 'audio/mp4', width: null, height: null, rate: null }, picture === null)
    for (const { name, width, height, rate } of steps) await this.#keep({ name, type: 'video/mp4', width, height, rate })
  }

  #pathOf(name: string): string {
    return join(this.#tools.folder, `${name}.mp4`)
  }

  #encode(
    args: readonly string[],
    { onTime, most = 0 }: { onTime?: (seconds: number) => void; most?: number } = {},
  ): Promise<void> {
    // a file may play longer than it says, and renditions be half as large again as they should
    const seconds = this.#looked.duration * 1.1 + 5
    const mostBytes = most === 0 ? Number.POSITIVE_INFINITY : ((most + 320_000) * seconds * 1.5) / 8 + 16 * 1024 * 1024
    return encode(args, { seconds, mostBytes, ...(onTime && { onTime }) }, this.#tools)
  }

  async #keep(made: Parameters<typeof keepRung>[0], isPlayable = true): Promise<void> {
    const rung = await keepRung(made, this.#tools)
    this.#made = [...this.#made, rung]
    await this.#tools.remember(this.#made)
    if (!isPlayable || this.#isTold) return
    this.#isTold = true
    await this.#tools.tell({ stream: true })
  }
}

/** A picture from the beginning, but not of the dark before it. */
async function makePoster(picture: Picture, duration: number, tools: MakingTools): Promise<void> {
  const path = join(tools.folder, 'poster.jpg')
  const args = posterArgs(picture, path)
  const limits = { seconds: 60, mostBytes: Number.POSITIVE_INFINITY }
  await encode(args, { ...limits, from: Math.min(3, duration / 10) }, tools)
  // a file may end before it says
  if (!(await isMade(path))) await encode(args, limits, tools)
  if (!(await isMade(path))) throw filesError('TAPRI_FILES_FILM', 'Cannot make the film ready: no picture of it can be read')
  await tools.keep({ name: 'poster', type: 'image/jpeg' }, createReadStream(path))
  await tools.tell({ poster: true })
}
