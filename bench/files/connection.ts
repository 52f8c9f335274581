import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export interface Answer {
  readonly status: number
  /** The header lines, as they came. */
  readonly head: string
  /** Bytes of the body. */
  readonly size: number
  /** How the body begins. */
  readonly words: string
}

/** Where everybody reads to: what comes is counted, and looked at no further. */
const shared = Buffer.allocUnsafeSlow(256 * 1024)
/** Of a body that is kept. */
const mostWords = 4096

/** One connection to a server, which asks one thing after the other and spends as little of the machine as it can. */
export class Connection {
  readonly #socket: Socket
  #answer: PromiseWithResolvers<Answer> | undefined
  #head = ''
  #hasHead = false
  #length = 0
  #size = 0
  #words = ''

  constructor(port: number) {
    this.#socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: { buffer: shared, callback: (size, bytes) => this.#take(Buffer.from(bytes.buffer, bytes.byteOffset, size)) },
    })
    this.#socket.on('error', (cause) => this.#answer?.reject(cause))
    this.#socket.on('close', () => this.#answer?.reject(new Error('The server closed the connection')))
  }

  /** Sends a head, and a body piece by piece as the server takes it. */
  async ask(lines: readonly string[], body: Iterable<Uint8Array> = []): Promise<Answer> {
    this.#answer = Promise.withResolvers()
    this.#head = ''
    this.#words = ''
    this.#hasHead = false
    this.#size = 0
    const { promise } = this.#answer
    this.#socket.write(`${[...lines, 'Host: 127.0.0.1'].join('\r\n')}\r\n\r\n`)
    for (const piece of body) {
      // an answer before the end refuses the rest
      if (!this.#socket.write(piece)) await Promise.race([once(this.#socket, 'drain'), promise])
    }
    return promise
  }

  close(): void {
    this.#answer = undefined
    this.#socket.destroy()
  }

  #take(bytes: Buffer): boolean {
    if (this.#hasHead) this.#count(bytes)
    else this.#takeHead(bytes)
    return true
  }

  #takeHead(bytes: Buffer): void {
    const before = this.#head.length
    this.#head += bytes.toString('latin1', 0, Math.min(bytes.length, 16_384))
    const end = this.#head.indexOf('\r\n\r\n')
    if (end === -1) return
    this.#head = this.#head.slice(0, end)
    this.#hasHead = true
    this.#length = Number(/\r\ncontent-length: *(\d+)/i.exec(this.#head)?.[1] ?? 0)
    this.#count(bytes.subarray(end + 4 - before))
  }

  #count(bytes: Buffer): void {
    if (this.#words.length < mostWords) this.#words += bytes.toString('utf8', 0, mostWords - this.#words.length)
    this.#size += bytes.length
    if (this.#size < this.#length) return
    const answer = this.#answer
    this.#answer = undefined
    answer?.resolve({ status: Number(this.#head.slice(9, 12)), head: this.#head, size: this.#size, words: this.#words })
  }
}
