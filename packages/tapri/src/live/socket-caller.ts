import type { IncomingMessage } from 'node:http'
import { isDeepStrictEqual } from 'node:util'
import { Limit } from '../http/index.ts'
import { closeCodes, type Problem } from '../kit/protocol.ts'
import { encodeWire } from '../kit/wire.ts'
import { liveError } from './errors.ts'
import type { Hub } from './hub.ts'
import { Identity } from './identity.ts'
import { liveProblem } from './problem.ts'
import type { LiveCaller } from './types.ts'

/** Tokens that one socket shows: so many at once, and the same number again in this time. */
const renewalLimit = { tries: 10, per: 600_000 }

/** The socket of the caller. */
interface CallingSocket {
  readonly upgrade: IncomingMessage
  write(text: string): void
  close(code: number, reason: string): void
  /** Somebody else may call by now. */
  onStale(): void
  /** It was not known for a while who calls, and is the same as before: what had to wait for that goes on. */
  onFresh(): void
  /** Ends everything that the caller who is gone had here. */
  endAll(problem: Problem): void
}

/** Who says hello on a socket, and stays: looked after until the session ends, or is taken over by another token. */
export class SocketCaller<C extends LiveCaller> {
  readonly #hub: Hub<C>
  readonly #socket: CallingSocket
  /** Most sockets never show another token. */
  #renewals: Limit | undefined
  #identity: Identity<C> | undefined

  constructor(hub: Hub<C>, socket: CallingSocket) {
    this.#hub = hub
    this.#socket = socket
  }

  get hasSaidHello(): boolean {
    return this.#identity !== undefined
  }

  get caller(): C | null {
    return this.#identity?.caller ?? null
  }

  get token(): string | undefined {
    return this.#identity?.token
  }

  get isFresh(): boolean {
    return this.#identity?.isFresh ?? false
  }

  hello(token: string | undefined): void {
    const identity = new Identity<C>(this.#hub, this.#socket, token)
    this.#identity = identity
    this.#look(identity, () => this.#socket.write(`{"type":"welcome","at":"${this.#hub.at}"}`))
  }

  /** Another token of the same caller; another caller has to connect anew. */
  renew(token: string): void {
    const identity = this.#identity
    if (identity === undefined) return
    this.#renewals ??= new Limit({ clock: this.#hub.options.clock, ...renewalLimit })
    if (this.#renewals.take('') > 0) {
      this.#tell(liveError('TAPRI_LIVE_TOO_FAST', 'Cannot look at so many tokens: show one when the session is about to end'))
      return
    }
    const before = identity.caller
    identity.renew(token)
    this.#look(identity, () => this.#tellKnown(identity, before))
  }

  async refresh(): Promise<void> {
    try {
      await this.#identity?.refresh()
    } catch (error) {
      const problem = liveProblem(error, {}, this.#hub.options.log)
      if (problem.status >= 500) this.#comeBack()
      else this.#socket.endAll(problem)
    }
  }

  /** Whoever's time is over is told, and has until the next look to bring another token. */
  check(): void {
    const identity = this.#identity
    if (identity === undefined || identity.caller === null) return
    this.#hub.begin(async () => {
      const error = await identity.check()
      if (error !== undefined) this.#tell(error)
      else if (!identity.isFresh) {
        const before = identity.caller
        await this.refresh()
        if (identity.isFresh) this.#tellKnown(identity, before)
      }
    })
  }

  stop(): void {
    this.#identity?.stop()
  }

  /** The look is over that no commit was the reason of. */
  #tellKnown(identity: Identity<C>, before: C | null): void {
    // most often nothing is another by it but how long the session lasts
    if (isDeepStrictEqual(before, identity.caller)) this.#socket.onFresh()
    else this.#socket.onStale()
  }

  #look(identity: Identity<C>, onKnown: () => void): void {
    this.#hub.begin(async () => {
      try {
        await identity.refresh()
        onKnown()
      } catch (error) {
        this.#refuse(error)
      }
    })
  }

  #refuse(error: unknown): void {
    if (this.#tell(error).status >= 500) this.#comeBack()
    else this.#socket.close(closeCodes.refused, 'The token was refused')
  }

  /** A database that does not answer has refused nobody. */
  #comeBack(): void {
    this.#socket.close(closeCodes.restart, 'Who calls cannot be told now')
  }

  #tell(error: unknown): Problem {
    const problem = liveProblem(error, {}, this.#hub.options.log)
    this.#socket.write(encodeWire({ type: 'error', problem }))
    return problem
  }
}
