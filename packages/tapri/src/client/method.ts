import { callRoute, confirm, readExistence, unread } from './call-route.ts'
import type { UntypedShow } from './live-loader.ts'
import type { Parts } from './parts.ts'
import { receive } from './receive.ts'
import { hasCode } from './refusal.ts'
import type { OutgoingRequest } from './request.ts'
import { standBehind } from './route-behind.ts'
import type { CallOptions, LiveOptions } from './types.ts'
import type { Answered } from './write.ts'

type Input = Readonly<Record<string, unknown>>

/** The header of an answer that says where the writes of its call are seen. */
const tokenHeader = 'tapri-token'

/** What stands behind the name of a route: a function, and its other ways to call. */
export function method(parts: Parts, name: string) {
  const call = (input: Input = {}, options: CallOptions = {}) =>
    callRoute(parts, name, input, { options, read: (request, answer) => receive(parts.settings, request, answer, options) })
  const response = (input: Input = {}, options: CallOptions = {}) => callRoute(parts, name, input, { options, read: unread })
  const attempt = async (input: Input = {}, options: CallOptions = {}) => {
    try {
      return { ok: true, value: await call(input, options) }
    } catch (error) {
      if (hasCode(error) && error !== options.signal?.reason) return { ok: false, error }
      throw error
    }
  }
  const exists = async (input: Input = {}, options: CallOptions = {}) => {
    const isThere = await callRoute(parts, name, input, { options, read: readExistence, method: 'HEAD' })
    // why it was refused only a body tells
    return isThere ?? callRoute(parts, name, input, { options, read: confirm })
  }
  const live = (input: Input = {}, second?: LiveOptions | ((value: unknown) => void), options?: LiveOptions) => {
    if (typeof second !== 'function') return parts.live.follow(name, input, second)
    const value = parts.live.follow(name, input, { onError: (error) => console.error(error), ...options })
    value.onChange(second)
    return () => value.close()
  }
  const optimistic = (input: Input, apply: (show: UntypedShow) => void, options: CallOptions = {}) => {
    const send = (key: string) => {
      const keyed = { ...options, key, retries: 0 }
      return callRoute(parts, name, input, { options: keyed, read: (sent, answer) => readWrite(parts, sent, answer, keyed) })
    }
    return parts.live.write({ send, key: options.key, signal: options.signal }, apply)
  }
  const made = Object.assign(call, { response, try: attempt, exists, live, optimistic })
  standBehind(made, { parts, name })
  return made
}

async function readWrite(
  { settings }: Parts,
  request: OutgoingRequest,
  answer: Response,
  options: CallOptions,
): Promise<Answered> {
  const at = answer.headers.get(tokenHeader) ?? undefined
  return { value: await receive(settings, request, answer, options), at }
}
