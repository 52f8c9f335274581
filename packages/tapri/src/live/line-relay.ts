import type { Clock } from '../kit/clock.ts'
import type { ChannelBus } from './channels/seam.ts'
import { liveError } from './errors.ts'
import { newLineId, newNode, nodeOfLine } from './line-id.ts'
import { partsOf } from './line-parts.ts'
import { Shares } from './shares.ts'
import { SilentNodes } from './silent-nodes.ts'

/** The other nodes of the app, and what only they know. */
export interface Nodes {
  readonly bus: ChannelBus
  /** The same on every node. */
  readonly key: Uint8Array
}

interface RelayOptions extends Nodes {
  readonly clock: Clock
  /** Gives frames to a line of this node; answers false when it is not open. */
  take(line: string, frames: string): boolean
}

/** Who sends frames; undefined who cannot be told apart from others. */
export interface FramesFrom {
  readonly sender: string | undefined
}

/** Milliseconds that another node may take. */
const longestWait = 5_000
/** Of one line; its client waits for the answer before it sends on. */
const mostOfLine = 2
/** Characters on their way to other nodes. */
const mostUnderWay = 16 * 1024 ** 2
const mostOfSender = mostUnderWay / 4

type Frames = { readonly type: 'frames'; readonly from: string; readonly number: number; readonly line: string }
type Taken = { readonly type: 'taken'; readonly number: number; readonly isTaken: boolean }

/**
 * Carries frames of lines to the nodes that have them, so that a client may send to any. Each node is told under a topic of its own;
 * frames go in parts that the bus carries, the next one when the one before was taken.
 */
export class LineRelay {
  readonly #options: RelayOptions
  readonly #node = newNode()
  readonly #waiting = new Map<number, (isTaken: boolean | Error) => void>()
  readonly #ofLine = new Shares(mostOfLine)
  readonly #ofSender = new Shares(mostOfSender)
  readonly #silent: SilentNodes
  /** Those of them that are asked now whether they are back. */
  readonly #probed = new Set<string>()
  #last = 0
  #underWay = 0
  #listening: Promise<() => Promise<void>> | undefined
  #isStopped = false

  constructor(options: RelayOptions) {
    this.#options = options
    this.#silent = new SilentNodes(options.clock)
  }

  /** The id of a line of this node, whose frames are heard from now on. */
  async newLine(): Promise<string> {
    await this.#listen()
    return newLineId(this.#node, this.#options.key)
  }

  /** Resolves when the node that has the line has taken the frames.
   * @throws TAPRI_LIVE_LINE, TAPRI_LIVE_TOO_MANY, TAPRI_LIVE_BUSY, TAPRI_LIVE_STOPPED, TAPRI_BUS_LOST */
  async pass(line: string, body: string, { sender }: FramesFrom): Promise<void> {
    const node = nodeOfLine(line, this.#options.key)
    // our own lines have been looked for
    if (node === undefined || node === this.#node) throw noLine()
    if (this.#isStopped) throw stopped()
    if (this.#silent.has(node)) {
      void this.#probe(node, line)
      throw noLine()
    }
    if (!this.#ofLine.hasRoom(line) || !this.#ofSender.hasRoom(sender, body.length)) {
      throw liveError('TAPRI_LIVE_TOO_MANY', 'Cannot take these frames: send them when those before are answered')
    }
    if (this.#underWay + body.length > mostUnderWay) {
      throw liveError('TAPRI_LIVE_BUSY', 'Cannot take these frames now: too many are on their way to other nodes, try again')
    }
    this.#ofLine.add(line)
    this.#ofSender.add(sender, body.length)
    this.#underWay += body.length
    try {
      await this.#listen()
      for (const frames of partsOf(body)) if (!(await this.#ask(node, line, frames))) throw noLine()
    } finally {
      this.#underWay -= body.length
      this.#ofSender.remove(sender, body.length)
      this.#ofLine.remove(line)
    }
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    for (const answer of [...this.#waiting.values()]) answer(stopped())
    const end = await this.#listening?.catch(() => undefined)
    await end?.()
  }

  #listen(): Promise<unknown> {
    this.#listening ??= this.#options.bus.subscribe(topicOf(this.#node), (text) => this.#hear(text))
    const listening = this.#listening
    return listening.catch((error: unknown) => {
      if (this.#listening === listening) this.#listening = undefined
      throw error
    })
  }

  /** Answers whether they were taken; a node that is gone takes nothing. */
  async #ask(node: string, line: string, frames: string): Promise<boolean> {
    const number = ++this.#last
    const { promise, resolve, reject } = Promise.withResolvers<boolean>()
    this.#waiting.set(number, (answer) => {
      if (typeof answer !== 'boolean') return reject(answer)
      this.#silent.remove(node)
      resolve(answer)
    })
    const cancel = this.#options.clock.after(longestWait, () => {
      this.#silent.add(node)
      resolve(false)
    })
    const asked: Frames = { type: 'frames', from: this.#node, number, line }
    try {
      const publishing = this.#options.bus.publish(topicOf(node), `${JSON.stringify(asked)}\n${frames}`)
      publishing.catch(reject)
      return await promise
    } finally {
      cancel()
      this.#waiting.delete(number)
    }
  }

  /** Sends nothing: a node that is back says so. */
  async #probe(node: string, line: string): Promise<void> {
    if (this.#probed.has(node)) return
    this.#probed.add(node)
    // what fails is looked at by those who send something
    await this.#ask(node, line, '').catch(() => {})
    this.#probed.delete(node)
  }

  #hear(text: string): void {
    const end = text.indexOf('\n')
    const told = readHead(end === -1 ? text : text.slice(0, end))
    if (told.type === 'taken') {
      this.#waiting.get(told.number)?.(told.isTaken)
      return
    }
    const isTaken = this.#options.take(told.line, text.slice(end + 1))
    const answer: Taken = { type: 'taken', number: told.number, isTaken }
    // who hears no answer takes the line for gone, and opens another
    this.#options.bus.publish(topicOf(told.from), JSON.stringify(answer)).catch(() => {})
  }
}

export function noLine() {
  return liveError('TAPRI_LIVE_LINE', 'Cannot take these frames: the line is open no more, open another')
}

function stopped() {
  return liveError('TAPRI_LIVE_STOPPED', 'Connect again in a moment: the server is stopping')
}

function topicOf(node: string): string {
  return `lines ${node}`
}

// The nodes of one app publish nothing else under these topics.
function readHead(text: string): Frames | Taken {
  return JSON.parse(text) as Frames | Taken
}
