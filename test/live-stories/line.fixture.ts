import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import type { OwnSocketListener } from '../../packages/tapri/src/http/adapters/offer.ts'
import type { Live } from '../../packages/tapri/src/live/index.ts'

/** A network in which each frame arrives when it is let, or never. */
export class Network {
  readonly lines = new Set<Line>()
  /** Answers which node a client reaches; undefined when none is there. */
  route: () => Live | undefined = () => undefined

  /** The WebSocket of one client. */
  socketClass(onFrame: (frame: any, line: Line) => void, onSent: (frame: any, line: Line) => void): typeof WebSocket {
    const network = this
    class SimulatedSocket extends Line {
      constructor(_url: string, _protocol: string) {
        super(network, onFrame)
      }

      override send(text: string): void {
        onSent(JSON.parse(text), this)
        super.send(text)
      }
    }
    // What the client uses of a WebSocket is what a line has.
    return SimulatedSocket as unknown as typeof WebSocket
  }
}

type Listener = (event: any) => void

export class Line {
  readonly node: Live | undefined
  readonly #network: Network
  readonly #onFrame: (frame: any, line: Line) => void
  readonly #listeners = new Map<string, Listener>()
  #server: OwnSocketListener | undefined
  #toClient: string[] = []
  #toServer: string[] = []
  #isOpened = false
  #isCut = false
  #closeCode: number | undefined

  constructor(network: Network, onFrame: (frame: any, line: Line) => void) {
    this.#network = network
    this.#onFrame = onFrame
    this.node = network.route()
    network.lines.add(this)
  }

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, listener)
  }

  send(text: string): void {
    if (!this.#isCut) this.#toServer.push(text)
  }

  close(): void {
    this.cut(1000)
  }

  /** Something is on its way. */
  get isBusy(): boolean {
    return !this.#isOpened || this.#toClient.length > 0 || this.#toServer.length > 0 || this.#closeCode !== undefined
  }

  /** Lets one thing arrive. */
  step(toClient: boolean): void {
    if (this.#isCut) return
    if (!this.#isOpened) this.#open()
    else if (toClient && this.#toClient.length > 0) this.#arrive()
    else if (this.#toServer.length > 0) this.#server?.onText(this.#toServer.shift() ?? '')
    else if (this.#toClient.length > 0) this.#arrive()
    else if (this.#closeCode !== undefined) this.cut(this.#closeCode)
  }

  /** Everything that is on its way is lost. */
  cut(code = 1006): void {
    if (this.#isCut) return
    this.#isCut = true
    this.#network.lines.delete(this)
    this.#server?.onClose()
    queueMicrotask(() => this.#listeners.get('close')?.({ code }))
  }

  #arrive(): void {
    const text = this.#toClient.shift() ?? ''
    this.#listeners.get('message')?.({ data: text })
    this.#onFrame(JSON.parse(text), this)
    this.#server?.onWritten()
  }

  #open(): void {
    if (this.node === undefined) {
      this.cut()
      return
    }
    this.#isOpened = true
    const request = new IncomingMessage(new Socket())
    Object.assign(request.headers, { host: 'club.test', 'sec-websocket-protocol': 'tapri.v1' })
    this.node.offered(request, {
      accept: (_protocol, listen) => {
        this.#server = listen({
          send: (text) => this.#toClient.push(text),
          unsent: 0,
          close: (code) => {
            this.#closeCode = code
          },
          terminate: () => this.cut(),
        })
      },
      refuse: () => this.cut(),
    })
    if (!this.#isCut) this.#listeners.get('open')?.({})
  }
}
