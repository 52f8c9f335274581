import { createServer, type Server, type Socket } from 'node:net'
import { type Frame, frameOf, frameReader, kinds } from './frames.ts'

/** Bytes that wait for one process; a slower one is cut, comes again, and is told of the gap. */
const mostUnsent = 8 * 1024 ** 2
const done = frameOf(kinds.done)

/** Passes on what the processes of this machine publish, to those that listen. */
export class Switchboard {
  readonly #server: Server
  readonly #listeners = new Map<string, Set<Socket>>()
  readonly #sockets = new Map<Socket, Set<string>>()

  constructor() {
    this.#server = createServer((socket) => this.#accept(socket))
    // it ends with its process, which it does not keep alive
    this.#server.unref()
  }

  async open(address: string): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#server.once('error', reject)
    this.#server.listen(address, resolve)
    await promise
    this.#server.off('error', reject)
  }

  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#server.close(() => resolve())
    for (const socket of this.#sockets.keys()) socket.destroy()
    await promise
  }

  #accept(socket: Socket): void {
    this.#sockets.set(socket, new Set())
    socket.unref()
    socket.on('error', () => {})
    socket.on('close', () => this.#forget(socket))
    const read = frameReader((frame) => this.#answer(socket, frame))
    socket.on('data', (chunk) => {
      try {
        read(chunk)
      } catch {
        // who speaks another language is none of ours
        socket.destroy()
      }
    })
  }

  #answer(socket: Socket, { kind, topic, bytes }: Frame): void {
    if (kind === kinds.publish) for (const listener of this.#listeners.get(topic) ?? []) send(listener, bytes)
    if (kind === kinds.listen) this.#listen(socket, topic)
    if (kind === kinds.unlisten) this.#unlisten(socket, topic)
    send(socket, done)
  }

  #listen(socket: Socket, topic: string): void {
    const listeners = this.#listeners.get(topic) ?? new Set()
    this.#listeners.set(topic, listeners)
    listeners.add(socket)
    this.#sockets.get(socket)?.add(topic)
  }

  #unlisten(socket: Socket, topic: string): void {
    const listeners = this.#listeners.get(topic)
    listeners?.delete(socket)
    if (listeners?.size === 0) this.#listeners.delete(topic)
    this.#sockets.get(socket)?.delete(topic)
  }

  #forget(socket: Socket): void {
    for (const topic of this.#sockets.get(socket) ?? []) this.#unlisten(socket, topic)
    this.#sockets.delete(socket)
  }
}

function send(socket: Socket, bytes: Buffer): void {
  socket.write(bytes)
  if (socket.writableLength > mostUnsent) socket.destroy()
}
