import { type Issue, TapriError } from './errors.ts'
import type { Patch } from './patch.ts'

/**
 * `tapri.v1`: live answers over one WebSocket. Text frames, encoded by `wire.ts`. The client says `hello`, then
 * subscribes; the server answers each subscription with `snapshot` or `current`, then sends `patch` per change, or
 * `error` and nothing more. `pong` comes after the answers to every frame that came before its `ping`.
 */
export const liveProtocol = 'tapri.v1'

/** Frames from a client that are longer than this are refused. */
export const maxClientFrame = 65_536

/** A subscription's number on its socket: chosen by the client, not used again on that socket. */
export type SubscriptionId = number
export const maxSubscriptionId = 2 ** 31 - 1

export interface HelloFrame {
  readonly type: 'hello'
  /** A bearer token; without one the cookies of the upgrade say who calls. */
  readonly token?: string
}
export interface SubscribeFrame {
  readonly type: 'subscribe'
  readonly id: SubscriptionId
  /** `videos.list` */
  readonly route: string
  readonly input: Readonly<Record<string, unknown>>
  /** Of the value that the client holds; `current` is answered when it is still the value. */
  readonly etag?: string
}
export interface UnsubscribeFrame {
  readonly type: 'unsubscribe'
  readonly id: SubscriptionId
}
/** Either side may ask whether the other still hears. */
export interface BeatFrame {
  readonly type: 'ping' | 'pong'
}
export type ClientFrame = HelloFrame | SubscribeFrame | UnsubscribeFrame | BeatFrame

/** The whole value. `at` is a token that patches start from, `etag` names the value. */
export interface SnapshotFrame {
  readonly type: 'snapshot'
  readonly id: SubscriptionId
  readonly at: string
  readonly etag: string
  readonly value: unknown
}
/** Turns the value at `from` into the value at `to`. */
export interface PatchFrame {
  readonly type: 'patch'
  readonly id: SubscriptionId
  readonly from: string
  readonly to: string
  readonly etag: string
  readonly ops: Patch
}
/** The value whose etag the client sent is still the value. */
export interface CurrentFrame {
  readonly type: 'current'
  readonly id: SubscriptionId
  readonly at: string
}
/** Ends the subscription `id`; without `id` it is about the socket or a frame that made no sense. */
export interface ErrorFrame {
  readonly type: 'error'
  readonly id?: SubscriptionId
  readonly problem: Problem
}
export type ServerFrame = SnapshotFrame | PatchFrame | CurrentFrame | ErrorFrame | BeatFrame

/** RFC 9457, as every error of the API is answered. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  readonly code: string
  readonly instance?: string
  readonly facts?: Readonly<Record<string, unknown>>
  readonly issues?: readonly Issue[]
}

/** Why a socket is closed. 4000 to 4499: connect again; 4500 to 4999: do not, it would end the same way. */
export const closeCodes = {
  /** The server goes away or restarts. */
  restart: 1012,
  /** Only text frames are understood. */
  notText: 1003,
  /** No `hello` came in time. */
  noHello: 4000,
  /** The client does not read as fast as its answers change. */
  slow: 4008,
  /** Too many frames made no sense. */
  garbage: 4500,
  /** The token in `hello` was refused. */
  refused: 4501,
} as const

// RFC 6455 7.4.1: the other side broke the protocol, sent what cannot be handled, or too much
const finalCodes: ReadonlySet<number> = new Set([1002, 1003, 1007, 1009, 1010])

/** Whether connecting again would end the same way. */
export function isFinalClose(code: number): boolean {
  return finalCodes.has(code) || (code >= 3500 && code < 4000) || (code >= 4500 && code < 5000)
}

/** The error that a problem document describes; undefined when it is not one of ours. */
export function readProblem(document: unknown): TapriError | undefined {
  if (typeof document !== 'object' || document === null) return undefined
  const { code, detail, title, status, facts, issues }: Partial<Record<string, unknown>> = { ...document }
  if (typeof code !== 'string' || typeof status !== 'number') return undefined
  const message = typeof detail === 'string' ? detail : typeof title === 'string' ? title : code
  return new TapriError(code, message, {
    status,
    ...(typeof facts === 'object' && facts !== null && { facts: { ...facts } }),
    ...(Array.isArray(issues) && { issues: issues.filter(isIssue) }),
  })
}

function isIssue(value: unknown): value is Issue {
  return typeof value === 'object' && value !== null && 'path' in value && Array.isArray(value.path) && 'message' in value
}
