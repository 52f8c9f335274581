import type { Clock } from '../kit/clock.ts'
import { milliseconds } from '../kit/measures.ts'
import { clientError } from './errors.ts'

type BearerToken = string | undefined | (() => string | undefined | Promise<string | undefined>)

export interface ClientOptions {
  /** A bearer token, for programs; browsers use the session cookie. A function is asked before each request, when a live line
   * opens, and when the session of one is about to end: what it answers then goes on without a break. */
  readonly token?: BearerToken
  /** Whether cookies go along: `same-origin` unless told; `include` for an API on another origin. */
  readonly credentials?: 'omit' | 'same-origin' | 'include'
  /** How long a call may take: `60s` unless told. One that sends files may take as long as it needs. */
  readonly timeout?: number | string
  /** How often a call that may be sent twice is sent again when the connection or the server fails: 2 unless told. */
  readonly retries?: number
  /** How many answers of GETs are kept, so that the server need not send them again while they are the same: none unless told.
   * For programs; browsers do so by themselves. */
  readonly keep?: number
  /** How live answers come: over a WebSocket, over server-sent events, or `auto`: events where no WebSocket opens. */
  readonly live?: 'auto' | 'websocket' | 'events'
  readonly fetch?: typeof fetch
  readonly WebSocket?: typeof WebSocket
  readonly clock?: Clock
}

/** What every part of one client shares. */
export interface Settings {
  /** Origin and prefix, without a slash at the end. */
  readonly base: string
  readonly token: BearerToken
  readonly credentials: 'omit' | 'same-origin' | 'include'
  /** Milliseconds. */
  readonly timeout: number
  readonly retries: number
  readonly keep: number | undefined
  readonly live: 'auto' | 'websocket' | 'events'
  readonly fetch: typeof fetch
  readonly WebSocket: typeof WebSocket | undefined
  readonly clock: Clock
}

/** @throws TAPRI_CLIENT_URL when the url is not one of http or https; TAPRI_KIT_DURATION */
export function readOptions(url: string, options: ClientOptions): Settings {
  return {
    base: readBase(url),
    token: options.token,
    credentials: options.credentials ?? 'same-origin',
    timeout: milliseconds(options.timeout ?? '60s'),
    retries: options.retries ?? 2,
    keep: options.keep,
    live: options.live ?? 'auto',
    // looked up for each call: a page may replace fetch after this
    fetch: options.fetch ?? ((input, init) => globalThis.fetch(input, init)),
    WebSocket: options.WebSocket ?? globalThis.WebSocket,
    clock: options.clock ?? wakefulClock,
  }
}

/** Unlike the servers' clock, its timers keep a process alive: a program that waits for live answers is not done. */
const wakefulClock: Clock = {
  now: () => Date.now(),
  after(milliseconds, call) {
    const timer = setTimeout(call, milliseconds)
    return () => clearTimeout(timer)
  },
}

function readBase(url: string): string {
  const page: { readonly href?: string } | undefined = globalThis.location
  if (!URL.canParse(url, page?.href)) {
    throw clientError('TAPRI_CLIENT_URL', `Cannot call "${url}": write a whole URL, like "http://localhost:3000/api"`)
  }
  const { protocol, origin, pathname } = new URL(url, page?.href)
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw clientError('TAPRI_CLIENT_URL', `Cannot call "${url}": only http and https are spoken`)
  }
  let end = pathname.length
  while (pathname[end - 1] === '/') end--
  return origin + pathname.slice(0, end)
}
