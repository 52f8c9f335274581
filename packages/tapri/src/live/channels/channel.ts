import type { RouteKit } from '../../http/index.ts'
import { deny } from '../../kit/errors.ts'
import { milliseconds } from '../../kit/measures.ts'
import type { Fields } from '../../schema/index.ts'
import { liveError } from '../errors.ts'
import type { Admission, ChannelFor, ChannelOptions, HistoryOptions } from './types.ts'

const usual = { keep: 100, for: '7d' } as const
const mostKept = 10_000

/**
 * Declares a channel: a place, one for each value of its path, in which callers of one kind say things to each other. Messages
 * are kept in the database and heard in one order, by those too who were away; signals are for whoever is there.
 * @throws TAPRI_LIVE_CHANNEL_OPTIONS, TAPRI_KIT_DURATION
 * @example const chat = channel(member, '/rooms/:id', { message: { text: text({ max: 500 }) }, join: () => true, send: (_, message) => message })
 */
export function channel<
  C,
  const P extends string,
  const M extends Fields,
  const Ps extends Fields | undefined = undefined,
  const S extends Fields = {},
  const F = never,
>(kit: RouteKit<C>, path: P, options: ChannelOptions<C, P, Ps, M, S, F>): ChannelFor<P, Ps, M, S, F> {
  const { message, signal, history = {}, params } = options
  const spec = params === undefined ? {} : { params }
  const routes = untyped(kit)
  return phantom<ChannelFor<P, Ps, M, S, F>>({
    definition: {
      join: routes.get(path, spec, (context) => admit(untypedOptions(options), context)).definition,
      send: routes.post(path, spec, (context) => untypedOptions(options).send(context, context.body)).definition,
      message,
      signal,
      history: history === false ? undefined : readHistory(history, path),
      hasPresence: options.presence !== undefined,
    },
  })
}

interface Context {
  readonly params: Readonly<Record<string, unknown>>
  readonly body: unknown
}
interface UntypedOptions {
  join(context: Context): unknown
  send(context: Context, message: unknown): unknown
  presence?(context: Context): unknown
}

/** @throws TAPRI_DENIED and what the rule itself throws */
async function admit(options: UntypedOptions, context: Context): Promise<Admission> {
  // anything but true is no: a rule that forgets to answer lets nobody in
  if ((await options.join(context)) !== true) throw deny('Cannot join: you may not be in this channel')
  const facts = await options.presence?.(context)
  return { params: context.params, facts: facts === false ? undefined : facts }
}

function readHistory({ keep = usual.keep, for: time = usual.for }: HistoryOptions, path: string) {
  if (!Number.isInteger(keep) || keep < 1 || keep > mostKept) {
    throw liveError(
      'TAPRI_LIVE_CHANNEL_OPTIONS',
      `Cannot keep ${keep} messages of the channel "${path}": say a whole number from 1 to ${mostKept}, or history: false`,
    )
  }
  return { keep, milliseconds: milliseconds(time) }
}

interface UntypedKit {
  get(path: string, spec: object, run: (context: Context) => unknown): { readonly definition: object }
  post(path: string, spec: object, run: (context: Context) => unknown): { readonly definition: object }
}

// The kit's own types follow from the path and the spec, which are generic here; `ChannelOptions` has said them already.
function untyped(kit: object): UntypedKit {
  return kit as UntypedKit
}

// The context that arrives is the one of the kit that was given, with the params of this path.
function untypedOptions(options: object): UntypedOptions {
  return options as UntypedOptions
}

// `~channel` exists in types only.
function phantom<Whole>(real: object): Whole {
  return real as Whole
}
