import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

/** A line to a server that is cut now and then, in the midst of what is asked or answered; the same for the same seed. */
export class FlakyLine implements AsyncDisposable {
  cuts = 0
  /** No connection carries more bytes than this, and most far fewer. */
  most = 14_000_000
  readonly #server: Server
  readonly #target: number
  readonly #sockets = new Set<Socket>()
  #seed: number

  private constructor(server: Server, target: number, seed: number) {
    this.#server = server
    this.#target = target
    this.#seed = seed
  }

  /** A line to where the URL, or its options, lead. */
  static async open(url: string, seed: number): Promise<FlakyLine> {
    const [, port] = /127\.0\.0\.1(?::|%3A)(\d+)/.exec(url) ?? []
    assert.ok(port, 'the server is on this machine')
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const line = new FlakyLine(server, Number(port), seed)
    server.on('connection', (socket) => line.#forward(socket, connect(Number(port), '127.0.0.1')))
    return line
  }

  /** The URL, leading here instead. */
  instead(url: string): string {
    const address = this.#server.address()
    assert.ok(address !== null && typeof address === 'object')
    return url.replaceAll(new RegExp(`(127\\.0\\.0\\.1(?::|%3A))${this.#target}`, 'g'), `$1${address.port}`)
  }

  #forward(near: Socket, far: Socket): void {
    let left = this.random(this.most)
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(from)
      from.on('error', () => {})
      from.on('close', () => {
        this.#sockets.delete(from)
        to.destroy()
      })
      from.on('data', (chunk) => {
        left -= chunk.length
        if (left > 0) {
          if (!to.write(chunk)) from.pause()
          return
        }
        this.cuts++
        to.write(chunk.subarray(0, chunk.length + left), () => near.destroy())
        far.destroy()
      })
      to.on('drain', () => from.resume())
    }
  }

  /** A whole number below `end`. */
  random(end: number): number {
    // mulberry32
    this.#seed = (this.#seed + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#seed ^ (this.#seed >>> 15), 1 | this.#seed)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * end)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }
}
