import { type Clock, systemClock } from '../kit/clock.ts'
import { TapriError } from '../kit/errors.ts'
import { reasonOf } from '../kit/reason.ts'
import { type Client, openClient } from './client.ts'
import { redisError } from './errors.ts'
import type { Script } from './script.ts'
import { type RedisUrl, readRedisUrl } from './url.ts'

/** Who is told of named events: a `Log` is one. */
export interface Notices {
  event(name: string, facts?: object, level?: 'info' | 'warn'): void
}

export interface ConnectionOptions {
  readonly notices?: Notices | undefined
  /** Redis's own clock, which all processes share, unless one is given that is not the machine's. */
  readonly clock?: Clock
}

/** The shared connections of one app, one for each URL. */
export class RedisConnections {
  readonly #opened = new Map<string, Promise<Redis>>()
  readonly #options: ConnectionOptions

  constructor(options: ConnectionOptions = {}) {
    this.#options = options
  }

  /**
   * The connection to a Redis; it is made with the first command.
   * @throws TAPRI_REDIS_URL, TAPRI_REDIS_NO_SDK
   * @example const redis = await connections.open('redis://127.0.0.1:6379/0'); await redis.command('PING')
   */
  open(url: string): Promise<Redis> {
    const opened = this.#opened.get(url) ?? this.#open(url)
    this.#opened.set(url, opened)
    return opened
  }

  async close(): Promise<void> {
    const opened = [...this.#opened.values()]
    this.#opened.clear()
    for (const result of await Promise.allSettled(opened)) if (result.status === 'fulfilled') await result.value.close()
  }

  async #open(text: string): Promise<Redis> {
    const url = readRedisUrl(text)
    return new Redis(await openClient(url), url, this.#options)
  }
}

/** One connection, made with the first command and again whenever it was lost, by itself. */
export class Redis {
  /** The address, without user and password. */
  readonly shown: string
  readonly #client: Client
  readonly #prefix: string
  readonly #clock: Clock
  readonly #notices: Notices | undefined
  /** Milliseconds until it must be ready. */
  readonly #patience: number
  #first: Promise<void> | undefined
  #lastError: Error | undefined
  #isLost = false

  constructor(client: Client, { shown, prefix, connectTimeout }: RedisUrl, { clock = systemClock, notices }: ConnectionOptions) {
    this.#client = client
    this.shown = shown
    this.#prefix = prefix
    this.#patience = connectTimeout
    this.#clock = clock
    this.#notices = notices
    client.on('ready', () => this.#found())
    // whoever sends a command is told
    client.on('error', (error) => {
      this.#lastError = error
    })
  }

  /** What the last argument of scripts that call `now` is: empty for the clock of Redis. */
  get moment(): string {
    return this.#clock === systemClock ? '' : String(this.#clock.now())
  }

  /** The name of a key among those of other apps. */
  key(name: string): string {
    return this.#prefix + name
  }

  /**
   * Sends one command. While the connection is lost it fails at once.
   * @throws TAPRI_REDIS_LOST, TAPRI_REDIS_REFUSED
   */
  async command(name: string, ...args: readonly (string | number)[]): Promise<unknown> {
    try {
      await this.#connected()
      const reply = await this.#client.call(name, ...args)
      this.#found()
      return reply
    } catch (cause) {
      throw this.#failed(name, cause)
    }
  }

  /**
   * Runs a script as one step.
   * @throws TAPRI_REDIS_LOST, TAPRI_REDIS_REFUSED
   */
  async run(script: Script, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown> {
    try {
      return await this.command('EVALSHA', script.sha, keys.length, ...keys, ...args)
    } catch (error) {
      if (!isUnknownScript(error)) throw error
      return await this.command('EVAL', script.text, keys.length, ...keys, ...args)
    }
  }

  /** Whether Redis answers. */
  async health(): Promise<{ readonly isUp: boolean }> {
    return this.command('PING').then(
      () => ({ isUp: true }),
      () => ({ isUp: false }),
    )
  }

  async close(): Promise<void> {
    this.#isLost = false
    if (this.#isReady) await this.#client.quit().catch(() => {})
    this.#client.disconnect()
  }

  get #isReady(): boolean {
    return this.#client.status === 'ready'
  }

  /** Waits for the first connection alone: what is lost later comes back while nobody waits for it. */
  async #connected(): Promise<void> {
    this.#first ??= this.#waited(this.#client.connect())
    if (this.#isReady) return
    await this.#first
    if (!this.#isReady) throw this.#lastError ?? new Error('the connection is lost')
  }

  /** A server that still reads its data answers, and is not ready for as long as that takes. */
  async #waited(connecting: Promise<unknown>): Promise<void> {
    const { promise: late, reject } = Promise.withResolvers<never>()
    const timer = setTimeout(() => reject(new Error('it is not ready yet')), this.#patience)
    try {
      await Promise.race([connecting, late])
    } finally {
      clearTimeout(timer)
    }
  }

  #failed(name: string, cause: unknown): TapriError {
    const isRefusal = cause instanceof Error && cause.name === 'ReplyError' && this.#isReady
    const message = reasonOf(isRefusal ? cause : (this.#lastError ?? cause))
    // a script that is not known yet is sent whole, and nobody has to know
    if (isRefusal && message.startsWith('NOSCRIPT')) return redisError('TAPRI_REDIS_REFUSED', message, { cause })
    // a server that has gone without a word would be waited for by everybody
    if (reasonOf(cause) === 'Command timed out' && this.#isReady) this.#client.disconnect(true)
    const error = isRefusal
      ? redisError('TAPRI_REDIS_REFUSED', `Cannot ${name} in the Redis "${this.shown}": it says ${message}`, { cause })
      : redisError('TAPRI_REDIS_LOST', `Cannot reach the Redis "${this.shown}": ${message}`, { cause })
    if (!this.#isLost) this.#notices?.event('redis.lost', { server: this.shown, why: error.message }, 'warn')
    this.#isLost = true
    return error
  }

  #found(): void {
    this.#lastError = undefined
    if (!this.#isLost) return
    this.#isLost = false
    this.#notices?.event('redis.found', { server: this.shown })
  }
}

function isUnknownScript(error: unknown): boolean {
  return error instanceof TapriError && error.code === 'TAPRI_REDIS_REFUSED' && error.message.startsWith('NOSCRIPT')
}
