import { type IncomingMessage, type Server, ServerResponse } from 'node:http'
import { Server as NetServer, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Clock } from '../../kit/clock.ts'
import type { Adapter } from './adapter.ts'
import { drain } from './drain.ts'
import { Http2Sessions } from './http2.ts'
import { listenError, urlOf } from './listen.ts'
import { makeServer, type Transport } from './make.ts'

/** Milliseconds without a byte in either direction. */
const stalledAfter = 60_000

export interface NodeHooks {
  /** Answers a request. Must not throw. */
  request(request: IncomingMessage, response: ServerResponse): void
  /** The whole answer, as bytes on the wire, to what the parser could not read. */
  malformed(error: Error): string
  /** An Expect header that asks for something unknown. */
  unexpected(request: IncomingMessage, response: ServerResponse): void
  /** Whether a request for another protocol is one that we speak. */
  isUpgrade(request: IncomingMessage): boolean
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  readonly clock: Clock
}

/** Everything that is particular to node:http: limits, malformed input, listening, upgrades, draining. */
export class NodeAdapter implements Adapter {
  readonly server: Server
  /** Each with the bytes that it had brought when it was ready for requests: those of a handshake. */
  readonly #sockets = new Map<Socket, number>()
  readonly #sessions = new Http2Sessions(stalledAfter)
  readonly #scheme: 'http' | 'https'
  readonly #clock: Clock
  #stopped: Promise<void> | undefined

  /** @throws TAPRI_HTTP_TLS */
  constructor(hooks: NodeHooks, transport: Transport = {}) {
    const isTls = transport.tls !== undefined
    this.#clock = hooks.clock
    this.#scheme = isTls ? 'https' : 'http'
    this.server = makeServer(
      {
        headersTimeout: 10_000,
        // Large uploads take as long as they take; slow ones are cut by their rate
        requestTimeout: 0,
        // Longer than the proxies in front, so that it is they who close idle connections
        keepAliveTimeout: 65_000,
        connectionsCheckingInterval: 1000,
        maxHeaderSize: 16_384,
        // Without it node:http answers by itself, in no format
        requireHostHeader: false,
      },
      transport,
    )
    // Set here, because http2 does not take it among its options
    Object.assign(this.server, { shouldUpgradeCallback: (request: IncomingMessage) => hooks.isUpgrade(request) })
    this.server.timeout = stalledAfter
    // node:http tells of a caller who has left only to who listens; Bun tells all, and unheard it would end the process
    if (process.versions.bun !== undefined) this.server.on('request', (request) => request.on('error', () => {}))
    this.server.on('request', hooks.request)
    this.server.on('timeout', endStalled)
    this.server.on('checkContinue', hooks.request)
    this.server.on('checkExpectation', hooks.unexpected)
    this.server.on('clientError', (error, socket) => {
      // Bytes behind the last request of a connection, which its caller has said to be the last: no request, and no answer
      if (Reflect.get(error, 'code') !== 'HPE_CLOSED_CONNECTION') refuseMalformed(socket, hooks.malformed(error))
    })
    this.server.on(isTls ? 'secureConnection' : 'connection', (socket: Socket) => {
      this.#sockets.set(socket, isTls ? socket.bytesRead : 0)
      socket.once('close', () => this.#sockets.delete(socket))
    })
    this.server.on('session', (session) => this.#sessions.add(session))
    this.server.on('upgrade', (request, socket, head) => {
      // Once upgraded node:http listens no more; an unheard error would end the process
      socket.on('error', () => socket.destroy())
      hooks.upgrade(request, socket, head)
    })
  }

  /** @throws TAPRI_HTTP_PORT_IN_USE, TAPRI_HTTP_PORT_DENIED, TAPRI_HTTP_LISTEN */
  listen(port: number, host: string): Promise<string> {
    return new Promise((resolve, reject) => {
      const refuse = (cause: Error) => reject(listenError(cause, port, host))
      this.server.once('error', refuse)
      this.server.listen({ port, host }, () => {
        this.server.removeListener('error', refuse)
        const address = this.server.address()
        resolve(this.#scheme + urlOf(host, typeof address === 'object' && address !== null ? address.port : port))
      })
    })
  }

  /** Accepts nothing more, lets what is in flight finish, and cuts what is left after `deadline` milliseconds. */
  stop(deadline: number): Promise<void> {
    this.#stopped ??= this.#stop(deadline)
    return this.#stopped
  }

  async #stop(deadline: number): Promise<void> {
    if (!this.server.listening) return
    const closed = new Promise<void>((resolve) => this.server.once('close', resolve))
    // http.Server's own close also ends idle keep-alive connections, on which a request may be under way; Bun has no other
    const isNetServer: boolean = this.server instanceof NetServer
    if (isNetServer) NetServer.prototype.close.call(this.server)
    else this.server.close()
    this.#sessions.close()
    await drain(this.server, this.#sockets, closed, { deadline, clock: this.#clock })
    // Stops the interval that checks connections
    this.server.close(() => undefined)
  }
}

/**
 * Called when nothing has moved on a connection for a minute, or when it was idle for as long as it may: ends those
 * who do not take their answer, for they hold its bytes and its files. Whoever still waits for an answer may wait.
 */
function endStalled(socket: Socket): void {
  // HTTP/2 tells of its sessions here, which take leave by themselves
  if (!(socket instanceof Socket)) return
  const isAnswering = Reflect.get(socket, '_httpMessage') instanceof ServerResponse
  if (socket.writableLength > 0 || !isAnswering) socket.destroy()
}

function refuseMalformed(socket: Duplex, answer: string): void {
  if (socket.writable && isOurTurn(socket)) socket.end(answer, () => socket.destroy())
  else socket.destroy()
}

/**
 * Whether a malformed request is the next to be answered on its connection: it is not when the answer to the
 * one before is still under way. node:http keeps that answer in a property that its own code reads just so.
 */
function isOurTurn(socket: Duplex): boolean {
  const current: unknown = Reflect.get(socket, '_httpMessage')
  if (!(current instanceof ServerResponse) || current.writableEnded) return true
  // An answer to the very request whose body turned out to be malformed
  return !current.headersSent && !current.req.complete
}
