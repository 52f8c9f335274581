import type { Token } from '../kit/protocol.ts'
import type { ChannelOptions, OpenChannel } from './channel-types.ts'
import { ComingChannel } from './coming-channel.ts'
import type { KnownConnection } from './connection.ts'
import { eitherOf, unlessAborted } from './deadline.ts'
import { gaveUp } from './gave-up.ts'
import type { LivePart } from './live-part.ts'
import { FollowedValue } from './live-value.ts'
import { loadPart } from './load-part.ts'
import type { Settings } from './options.ts'
import type { LiveOptions } from './types.ts'
import type { Sending } from './write.ts'

type Input = Readonly<Record<string, unknown>>

/** Names live answers, and changes what they show. */
export type UntypedShow = (of: object, ...rest: readonly unknown[]) => void

/** About half a minute; a page that knows to have no network waits for one, however long that takes. */
const retries = 8

/** What of a client is live, loaded when something is for the first time: a page that only calls does without it. */
export class LiveLoader {
  readonly #settings: Settings
  readonly #connection: KnownConnection
  readonly #values = new Set<FollowedValue>()
  #part: LivePart | undefined
  #coming: Promise<LivePart> | undefined
  /** Ends what waits for the part when the client is closed. */
  #closing = new AbortController()

  constructor(settings: Settings, connection: KnownConnection) {
    this.#settings = settings
    this.#connection = connection
  }

  follow(route: string, input: Input, options: LiveOptions = {}): FollowedValue {
    const onClose = () => void this.#values.delete(value)
    const value = new FollowedValue({ route, input: { ...input } }, { ...options, onClose })
    this.#values.add(value)
    if (this.#part === undefined) this.#followSoon(value)
    else value.stop = this.#part.follow(value)
    return value
  }

  join(channel: string, params: Input, options: ChannelOptions = {}): OpenChannel<unknown, unknown, unknown, unknown, unknown> {
    if (this.#part !== undefined) return this.#part.join(channel, params, options)
    const given = { ...params }
    const open = (part: LivePart) => () => part.join(channel, given, options)
    const coming = new ComingChannel(this.#load().then(open), options)
    this.#closing.signal.addEventListener('abort', () => coming.leave())
    return coming
  }

  /** Calls, and shows what `apply` names until the server's own answer has it; at once, unless nothing is followed yet. */
  write(sending: Sending, apply: (show: UntypedShow) => void): Promise<unknown> {
    if (this.#part !== undefined) return this.#part.write(sending, apply)
    const ended = eitherOf(this.#closing.signal, sending.signal)
    const coming = this.#load()
    coming.then((part) => part.release(), ignored)
    return unlessAborted(coming, ended).then((part) => {
      // closed or left in the moment in which it came
      ended.throwIfAborted()
      return part.write(sending, apply)
    })
  }

  /** The caller is another now. */
  renew(): void {
    this.#part?.renew()
  }

  /** Resolves once every frame has been handled that the server sends for what was committed up to `at`, or so far. */
  async sync(at?: Token): Promise<void> {
    const part = await this.#coming?.catch(() => undefined)
    await part?.sync(at)
  }

  close(): void {
    for (const value of this.#values) value.close()
    this.#closing.abort(gaveUp())
    this.#closing = new AbortController()
    this.#part?.close()
  }

  #followSoon(value: FollowedValue): void {
    const coming = this.#load()
    value.stop = () => void coming.then((part) => part.release(), ignored)
    coming.then(
      (part) => {
        if (!value.isClosed) value.stop = part.follow(value)
      },
      (error: Error) => value.fail(error),
    )
  }

  #load(): Promise<LivePart> {
    this.#coming ??= this.#loaded().catch((error: unknown) => {
      this.#coming = undefined
      this.#connection.become('idle')
      throw error
    })
    return this.#coming
  }

  async #loaded(): Promise<LivePart> {
    const connection = this.#connection
    connection.become('connecting')
    const { LivePart } = await loadPart('live answers', () => import('./live-part.ts'), {
      clock: this.#settings.clock,
      retries,
      onOffline: () => connection.become('offline'),
    })
    this.#part = new LivePart(this.#settings, connection, this.#values)
    return this.#part
  }
}

// whoever waits for the part is told by what it waits for
function ignored(): void {}
