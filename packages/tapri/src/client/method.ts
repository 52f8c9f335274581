import { callRoute, confirm, readExistence, unread } from './call-route.ts'
import { clientError } from './errors.ts'
import { newKey } from './key.ts'
import { FollowedValue } from './live-value.ts'
import type { Apply } from './optimistic.ts'
import type { Parts } from './parts.ts'
import { receive } from './receive.ts'
import { hasCode } from './refusal.ts'
import type { OutgoingRequest } from './request.ts'
import { tokenHeader } from './token.ts'
import type { CallOptions, LiveOptions } from './types.ts'
import type { Answered } from './write.ts'

type Input = Readonly<Record<string, unknown>>

interface Behind {
  readonly parts: Parts
  /** Like `videos.list`. */
  readonly name: string
}

/** The routes behind the functions that clients hand out. */
const routes = new WeakMap<object, Behind>()

/** What a function that a client handed out calls; undefined for anything else. */
export function routeBehind(made: object): Behind | undefined {
  return routes.get(made)
}

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
    if (typeof second !== 'function') return parts.values.follow(name, input, second)
    const value = parts.values.follow(name, input, { onError: (error) => console.error(error), ...options })
    value.onChange(second)
    return () => value.close()
  }
  const optimistic = (input: Input, apply: (show: UntypedShow) => void, options: CallOptions = {}) => {
    const keyed = { ...options, key: options.key ?? newKey(), retries: 0 }
    const one = () =>
      callRoute(parts, name, input, { options: keyed, read: (sent, answer) => readWrite(parts, sent, answer, keyed) })
    return parts.writes.make({ send: one, signal: options.signal }, (show) => apply(showing(parts, show)))
  }
  const made = Object.assign(call, { response, try: attempt, exists, live, optimistic })
  routes.set(made, { parts, name })
  return made
}

type UntypedShow = (of: object, ...rest: readonly unknown[]) => void

/** Finds the live answers that a page names: one itself, or those of a route and an input. */
function showing({ values }: Parts, show: Parameters<Apply>[0]): UntypedShow {
  return (of, ...rest) => {
    const change = rest.at(-1)
    if (typeof change !== 'function') throw clientError('TAPRI_CLIENT_INPUT', 'Cannot show a change: its last argument makes it')
    const changed = (value: unknown): unknown => change(value)
    if (of instanceof FollowedValue) return show([of], changed)
    const route = routeBehind(of)
    if (route !== undefined) return show(values.of(route.name, { ...Object(rest[0]) }), changed)
    throw clientError('TAPRI_CLIENT_INPUT', 'Cannot show a change: name a live answer, or a route and its input')
  }
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
