import { type Issue, TapriError } from './errors.ts'
import type { Patch } from './patch.ts'

/**
 * `tapri.v1`: live answers over one WebSocket, or over server-sent events and POST. Text frames, encoded by `wire.ts`;
 * docs/protocol.md specifies them. The client says `hello`, then subscribes; the server answers each subscription with
 * `snapshot` or `current`, which name its topic, then sends the changes of topics in `patch` frames, one for each
 * transaction, or `error` and nothing more.
 */
export const liveProtocol = 'tapri.v1'

/** Frames from a client that are longer than this are refused. */
export const maxClientFrame = 65_536

/** A subscription's number on its socket: chosen by the client, not used again on that socket. */
export type SubscriptionId = number
export const maxSubscriptionId = 2 ** 31 - 1

/** `epoch.position` of the change log: where an answer stands. */
export type Token = string

/** The log that a token belongs to, and the place in it. @example readToken('e1.42') // ['e1', 42] */
export function readToken(token: Token): [epoch: string, position: number] {
  const dot = token.lastIndexOf('.')
  return [token.slice(0, dot), Number(token.slice(dot + 1))]
}

export interface HelloFrame {
  readonly type: 'hello'
  /** A bearer token; without one the cookies of the upgrade say who calls. */
  readonly token?: string
}
/** Another token for the same account, before the one that was given ends. */
export interface AuthFrame {
  readonly type: 'auth'
  readonly token: string
}
export interface SubscribeFrame {
  readonly type: 'subscribe'
  readonly id: SubscriptionId
  /** `videos.list` */
  readonly route: string
  readonly input: Readonly<Record<string, unknown>>
  /** Of the value that the client holds: `current` is answered when it is still the value, patches when they are known. */
  readonly etag?: string
}
export interface UnsubscribeFrame {
  readonly type: 'unsubscribe'
  readonly id: SubscriptionId
}
/** A request over the socket; answered by a `result` with its number. */
export interface CallFrame {
  readonly type: 'call'
  readonly id: SubscriptionId
  /** `POST` */
  readonly method: string
  /** Below the prefix of the API: `/comments?draft=true`. */
  readonly path: string
  /** Sent as JSON. */
  readonly body?: unknown
  /** An Idempotency-Key: a call that is sent again is not done again. */
  readonly key?: string
}
/** Either side may ask whether the other still hears. A client's `at` asks for the answers of that token first. */
export interface PingFrame {
  readonly type: 'ping'
  readonly at?: Token
}
export interface PongFrame {
  readonly type: 'pong'
  readonly at?: Token
}
export type ClientFrame = HelloFrame | AuthFrame | SubscribeFrame | UnsubscribeFrame | CallFrame | PingFrame | PongFrame

/** The client is known; `at` is where its answers will begin. */
export interface WelcomeFrame {
  readonly type: 'welcome'
  readonly at: Token
}
/** A part of the text of a value that is too long for one frame. */
export interface PieceFrame {
  readonly type: 'piece'
  readonly id: SubscriptionId
  /** Its number; 0 begins anew. */
  readonly n: number
  readonly text: string
}
/** The whole value, or the last part of it: with `pieces` its text is theirs, joined. */
export interface SnapshotFrame {
  readonly type: 'snapshot'
  readonly id: SubscriptionId
  /** Whose patches change the value from now on. */
  readonly topic: number
  readonly at: Token
  readonly etag: string
  readonly value?: unknown
  readonly pieces?: number
}
/** The value whose etag the client sent is still the value, or is it once the patches that follow are applied. */
export interface CurrentFrame {
  readonly type: 'current'
  readonly id: SubscriptionId
  readonly topic: number
  readonly at: Token
  /** Patches of this topic alone that lead from the value that the client holds to the present one. */
  readonly changes?: readonly TopicChange[]
}
/** Turns the value with the etag `from` into the one with `etag`. */
export interface TopicChange {
  readonly topic: number
  readonly from: string
  readonly etag: string
  readonly ops: Patch
}
/** What one or more transactions have changed, of all topics that this client follows. */
export interface PatchFrame {
  readonly type: 'patch'
  readonly at: Token
  readonly changes: readonly TopicChange[]
}
/** What a `call` was answered with. */
export interface ResultFrame {
  readonly type: 'result'
  readonly id: SubscriptionId
  readonly status: number
  readonly value?: unknown
  readonly problem?: Problem
  /** Where its writes are seen, when it made any. */
  readonly at?: Token
}
/** Ends the subscription `id`; without `id` it is about the socket or a frame that made no sense. */
export interface ErrorFrame {
  readonly type: 'error'
  readonly id?: SubscriptionId
  readonly problem: Problem
}
export type ServerFrame =
  | WelcomeFrame
  | PieceFrame
  | SnapshotFrame
  | CurrentFrame
  | PatchFrame
  | ResultFrame
  | ErrorFrame
  | PingFrame
  | PongFrame

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
  /** A frame is larger than `maxClientFrame`. */
  tooLarge: 1009,
  /** No `hello` came in time. */
  noHello: 4000,
  /** The client does not read as fast as its answers change. */
  slow: 4008,
  /** Too many frames made no sense. */
  garbage: 4500,
  /** The token in `hello` was refused. */
  refused: 4501,
} as const

/** A problem document of ours, as it came. */
export function readProblemDocument(document: unknown): Problem {
  if (isProblem(document)) return document
  return { type: 'about:blank', title: 'Error', status: 500, detail: 'The answer makes no sense', code: 'TAPRI_INTERNAL' }
}

function isProblem(document: unknown): document is Problem {
  return typeof document === 'object' && document !== null && 'code' in document && 'status' in document
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
