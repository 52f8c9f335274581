import { join } from 'node:path'
import type { Filmed } from '../media.ts'
import { type EncodeTools, encode, keepRung } from './encode.ts'
import { ladderArgs, ladderOf, remuxArgs, type Step, soundArgs, targetOf } from './ladder.ts'
import type { Rung } from './playlist.ts'
import type { Looked, Picture } from './probe.ts'

export interface MakingTools extends EncodeTools {
  /** What earlier attempts have finished. */
  readonly made: readonly Rung[]
  /** Keeps what is finished by now. */
  remember(made: readonly Rung[]): Promise<void>
  /** Tells whoever follows the row. */
  tell(news: Partial<Filmed>): Promise<void>
  /** The same of progress, 0 to 1, which nobody waits for. */
  advance(progress: number): void
  /** Whether the colours of HDR can be made the usual ones. */
  toneMaps(): Promise<boolean>
  /** Asked when what plays it at once is made: whether others come before the rest. */
  givesWay(): Promise<boolean>
}

/** The name of the rendition that is the film as it came. */
export const sourceName = 'source'
const soundName = 'sound'
/** Of the whole way, what is done when the long part begins. */
const begun = 0.05

/** What it is made of. */
export interface Shown extends Looked {
  /** Whether the colours of HDR are made the usual ones. */
  readonly toneMaps: boolean
}

/** Makes the renditions of a film or a recording that are not there yet, and its sound. */
export class Making {
  readonly #looked: Shown
  readonly #tools: MakingTools
  #made: readonly Rung[]
  #isTold = false

  constructor(looked: Shown, tools: MakingTools) {
    this.#looked = looked
    this.#tools = tools
    this.#made = tools.made
  }

  /** The film as it came, where browsers play that. */
  async makeFirst(): Promise<void> {
    const { picture } = this.#looked
    if (picture !== null && this.#isFast && !this.#has(sourceName)) await this.#remux(picture)
  }

  async makeRest(heights: readonly number[]): Promise<void> {
    const { picture } = this.#looked
    const steps = picture === null ? [] : ladderOf(picture, heights)
    const isFast = this.#isFast
    const smallest = steps.slice(-1)
    // nothing is to be seen yet, so the smallest comes first, at the cost of decoding it once more
    if (!isFast && steps.length > 1) await this.#render(smallest, { from: begun, to: 0.2 })
    await this.#render(steps, { from: isFast ? begun : 0.2, to: 1 })
  }

  get #isFast(): boolean {
    const { picture, sound } = this.#looked
    return picture?.isPlayable === true && sound?.isPlayable !== false
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
    const { picture, sound, duration, toneMaps } = this.#looked
    const steps = all.filter(({ name }) => !this.#has(name))
    const needsSound = sound !== null && !this.#has(soundName)
    if (steps.length === 0 && !needsSound) return
    const making = { toneMaps, pathOf: (name: string) => this.#pathOf(name) }
    const pictures = picture === null || steps.length === 0 ? [] : ladderArgs(picture, steps, making)
    const sounds = needsSound ? soundArgs(sound, this.#pathOf(soundName)) : []
    const onTime = (seconds: number) => this.#tools.advance(from + (to - from) * Math.min(1, seconds / duration))
    await this.#encode([...pictures, ...sounds], { onTime, most: steps.reduce((sum, { most }) => sum + most, 0) })
    // without its sound a picture could be played, and would be silent
    if (needsSound) {
      const channels = sound.isPlayable ? sound.channels : 2
      await this.#keep({ name: soundName, type: 'audio/mp4', width: null, height: null, rate: null, channels }, picture === null)
    }
    const range = picture === null || picture.range === 'SDR' || toneMaps ? {} : { range: picture.range }
    for (const { name, width, height, rate } of steps)
      await this.#keep({ name, type: 'video/mp4', width, height, rate, ...range })
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

  async #keep(made: Omit<Parameters<typeof keepRung>[0], 'target'>, isPlayable = true): Promise<void> {
    const rung = await keepRung({ ...made, target: targetOf(this.#looked.picture) }, this.#tools)
    this.#made = [...this.#made, rung]
    await this.#tools.remember(this.#made)
    if (!isPlayable || this.#isTold) return
    this.#isTold = true
    await this.#tools.tell({ stream: true })
  }
}
