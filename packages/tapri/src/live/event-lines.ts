import { randomBytes } from 'node:crypto'
import type { Clock } from '../kit/clock.ts'
import { EventLine } from './event-line.ts'
import { type FramesFrom, LineRelay, type Nodes, noLine } from './line-relay.ts'
import type { LiveSocket, SocketListener } from './sockets.ts'

interface LinesOptions {
  readonly clock: Clock
  /** Absent where this node is alone. */
  readonly nodes?: Nodes | undefined
}

/** The lines over server-sent events that this node has, and the way to those of others. */
export class EventLines {
  readonly #lines = new Map<string, EventLine>()
  readonly #relay: LineRelay | undefined

  constructor({ clock, nodes }: LinesOptions) {
    if (nodes !== undefined) this.#relay = new LineRelay({ ...nodes, clock, take: (id, frames) => this.#take(id, frames) })
  }

  /** A name for the next line. */
  async newId(): Promise<string> {
    return this.#relay?.newLine() ?? randomBytes(24).toString('base64url')
  }

  open(id: string, signal: AbortSignal, listen: (line: LiveSocket) => SocketListener): EventLine {
    const line = new EventLine(id, (open) => {
      const listener = listen(open)
      return {
        onText: (text) => listener.onText(text),
        onWritten: () => listener.onWritten(),
        onClose: () => {
          this.#lines.delete(id)
          listener.onClose()
        },
      }
    })
    this.#lines.set(id, line)
    line.leaveOn(signal)
    return line
  }

  /** Takes frames, one on each line of the text; resolves when the node that has the line has them.
   * @throws TAPRI_LIVE_LINE, and what the relay throws */
  async take(id: string, frames: string, from: FramesFrom): Promise<void> {
    if (this.#take(id, frames)) return
    if (this.#relay === undefined) throw noLine()
    await this.#relay.pass(id, frames, from)
  }

  async stop(): Promise<void> {
    await this.#relay?.stop()
  }

  #take(id: string, frames: string): boolean {
    const line = this.#lines.get(id)
    line?.take(frames)
    return line !== undefined
  }
}
