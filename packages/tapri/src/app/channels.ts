import type { Caller } from '../auth/index.ts'
import { exchangeOf, type HttpServer, type MiddlewareRun, type RouteDefinition } from '../http/index.ts'
import type { Admission, ChannelRun, ChannelsOptions } from '../live/index.ts'
import { AppContext, admitCaller } from './context.ts'
import type { Following } from './following.ts'
import type { Part } from './part.ts'

type Rules = Pick<ChannelsOptions<Caller>, 'channels' | 'join' | 'send'>
type Call = ReturnType<HttpServer['callable']>

/**
 * The channels of the app's parts; their functions run as routes do: the same checks, middleware and context.
 * @throws TAPRI_HTTP_ROUTE for a path that is none
 */
export function channelRules(parts: readonly Part[], { http, following }: Running): Rules {
  const calls = new Map<string, { readonly join: Call; readonly send: Call }>()
  const callable = (name: string, route: RouteDefinition, use: readonly MiddlewareRun[]) =>
    http.callable({ ...route, name, middleware: [...use, ...route.middleware] })
  for (const { channels, use } of parts) {
    for (const [name, { definition }] of Object.entries(channels)) {
      const join = callable(`${name}.join`, definition.join, use)
      calls.set(name, { join, send: callable(`${name}.send`, definition.send, use) })
    }
  }
  return {
    channels: Object.fromEntries(
      parts.flatMap(({ channels }) => Object.entries(channels).map(([name, { definition }]) => [name, definition])),
    ),
    join: (run, reads) => following.during(reads, async () => admission(await ask(calls.get(run.channel)?.join, run, { reads }))),
    send: (run, message) => ask(calls.get(run.channel)?.send, run, { message }),
  }
}

interface Running {
  readonly http: HttpServer
  /** Learns what services read for a rule. */
  readonly following: Following
}

interface Asked {
  readonly reads?: Parameters<Rules['join']>[1]
  readonly message?: unknown
}

async function ask(call: Call | undefined, run: ChannelRun<Caller>, { reads, message }: Asked): Promise<unknown> {
  const { params, caller, isAgain = false, upgrade, signal } = run
  return call?.({
    input: params,
    request: upgrade,
    isAgain,
    prepare(context) {
      if (!(context instanceof AppContext)) return
      admitCaller(context.route.access, caller)
      context.calling = { caller, signal, ...(reads !== undefined && { reads }) }
      exchangeOf(context).body = message
    },
  })
}

// `channel` makes the handlers of joins, and they give nothing else.
function admission(value: unknown): Admission {
  return value as Admission
}
