import type { IncomingMessage } from 'node:http'
import { type CallFrame, type ResultFrame, readProblemDocument } from '../kit/protocol.ts'
import { decodeWire, encodeWire, wireType } from '../kit/wire.ts'
import { liveError } from './errors.ts'
import { liveProblem } from './problem.ts'
import type { LiveCaller, LiveOptions } from './types.ts'

interface Caller<C extends LiveCaller> {
  readonly options: LiveOptions<C>
  readonly upgrade: IncomingMessage
  readonly token: string | undefined
  /** Aborts when the socket is gone. */
  readonly signal: AbortSignal
}

const mostCalls = 16

/** Of the upgrade, what a request of the same caller would carry. */
const carried = ['host', 'origin', 'cookie', 'user-agent', 'accept-language'] as const
const problemType = 'application/problem+json'
const unsafeMethods: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE'])

/** The requests of one socket that are under way. */
export class Calls<C extends LiveCaller> {
  readonly #options: LiveOptions<C>
  readonly #upgrade: IncomingMessage
  readonly #gone = new AbortController()
  #underWay = 0

  constructor(options: LiveOptions<C>, upgrade: IncomingMessage) {
    this.#options = options
    this.#upgrade = upgrade
  }

  async answer(frame: CallFrame, token: string | undefined): Promise<ResultFrame> {
    if (this.#underWay >= mostCalls) {
      const error = liveError('TAPRI_LIVE_TOO_MANY', `Cannot call: ${mostCalls} calls of this socket are under way`)
      return refused(frame, error, this.#options)
    }
    this.#underWay++
    const caller = { options: this.#options, upgrade: this.#upgrade, token, signal: this.#gone.signal }
    const result = await answerCall(frame, caller)
    this.#underWay--
    return result
  }

  /** The socket is gone: nobody waits for their answers. */
  stop(): void {
    this.#gone.abort()
  }
}

/** Answers a request that came over a socket: by the same routes, checks and handlers as one over HTTP. */
async function answerCall<C extends LiveCaller>(frame: CallFrame, caller: Caller<C>): Promise<ResultFrame> {
  const { id } = frame
  try {
    const answer = await ask(frame, caller)
    const type = answer.headers.get('content-type') ?? ''
    if (answer.body !== null && !isValue(type)) {
      await answer.body.cancel()
      throw liveError('TAPRI_LIVE_CALL', `Cannot call "${frame.path}" over a socket: it answers with ${type}, not with a value`)
    }
    const text = await answer.text()
    const at = answer.headers.get('tapri-token')
    const common = { type: 'result', id, status: answer.status, ...(at !== null && { at }) } as const
    if (type.startsWith(problemType)) return { ...common, problem: readProblemDocument(JSON.parse(text)) }
    return text === '' ? common : { ...common, value: decodeWire(text) }
  } catch (error) {
    return refused(frame, error, caller.options)
  }
}

function refused({ id, path }: CallFrame, error: unknown, { log }: Pick<LiveOptions<LiveCaller>, 'log'>): ResultFrame {
  const problem = liveProblem(error, { call: path }, log)
  return { type: 'result', id, status: problem.status, problem }
}

function isValue(type: string): boolean {
  // streams of lines and events are of types of their own
  return type.startsWith(problemType) || type.startsWith(wireType)
}

async function ask<C extends LiveCaller>(frame: CallFrame, { options, upgrade, token, signal }: Caller<C>): Promise<Response> {
  const { method, path, body, key } = frame
  if (options.call === undefined) {
    throw liveError('TAPRI_LIVE_CALL', 'Cannot call over a socket: a part of this app needs requests of Node, ask over HTTP')
  }
  const headers = new Headers({ accept: wireType })
  for (const name of carried) {
    const value = upgrade.headers[name]
    if (value !== undefined) headers.set(name, value)
  }
  if (token !== undefined) headers.set('authorization', `Bearer ${token}`)
  if (key !== undefined) headers.set('idempotency-key', key)
  const sends = unsafeMethods.has(method) && body !== undefined
  if (sends) headers.set('content-type', wireType)
  return options.call(path, { method, headers, signal, ...(sends && { body: encodeWire(body) }) }, upgrade)
}
