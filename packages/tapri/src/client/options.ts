import type { Clock } from '../kit/clock.ts'
import { clientError } from './errors.ts'

export interface ClientOptions {
  /** A bearer token, for programs; browsers use the session cookie. */
  readonly token?: string
  /** Whether cookies go along: `same-origin` unless told; `include` for an API on another origin. */
  readonly credentials?: 'omit' | 'same-origin' | 'include'
  readonly fetch?: typeof fetch
  readonly WebSocket?: typeof WebSocket
  readonly clock?: Clock
}

/** What every part of one client shares. */
export interface Settings {
  /** Origin and prefix, without a slash at the end. */
  readonly base: string
  readonly token: string | undefined
  readonly credentials: 'omit' | 'same-origin' | 'include'
  readonly fetch: typeof fetch
  readonly WebSocket: typeof WebSocket | undefined
  readonly clock: Clock
}

/** @throws TAPRI_CLIENT_URL when the url is not one of http or https */
export function readOptions(url: string, options: ClientOptions): Settings {
  return {
    base: readBase(url),
    token: options.token,
    credentials: options.credentials ?? 'same-origin',
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
  return origin + pathname.replace(/\/+$/, '')
}
