import { type Auth, authError, type Caller } from '../auth/index.ts'
import { Answer, callerAddress, type HttpServer, type TrustProxy } from '../http/index.ts'
import type { LiveOptions, LiveRun } from '../live/index.ts'
import { AppContext, admitCaller } from './context.ts'
import { appError } from './errors.ts'

/** Runs a GET route for a live query: the same route, checks, middleware and handler as a request's. */
export async function runLive(http: HttpServer, run: LiveRun<Caller>): Promise<unknown> {
  const { route, input, caller, isAgain, reads, reader, onCallerSeen, upgrade, signal } = run
  const value = await http.call(route, {
    input,
    request: upgrade,
    isAgain,
    prepare(context) {
      if (!(context instanceof AppContext)) return
      admitCaller(context.route.access, caller)
      context.calling = { caller, reads, reader, onCallerSeen, signal }
    },
  })
  if (!(value instanceof Answer)) return value
  throw appError(
    'TAPRI_APP_NOT_LIVE',
    `Cannot follow "${route}" live: it answers with a stream, a text or a redirect, not with a value`,
  )
}

/** Who opened the socket: by the token that a program sends, else by the cookie of the upgrade.
 * @throws TAPRI_AUTH_SESSION */
export async function identifyLive(auth: Auth | undefined, { request, token, reads }: Identified): Promise<Caller | null> {
  if (auth === undefined) return null
  if (token === undefined) return auth.identify(request, { reads })
  const caller = await auth.identifyToken(token, reads)
  if (caller !== null) return caller
  throw authError('TAPRI_AUTH_SESSION', 'Cannot accept the token: it is wrong or its session has ended, sign in again')
}

interface Identified {
  readonly request: LiveRun<Caller>['upgrade']
  readonly token: string | undefined
  readonly reads: LiveRun<Caller>['reads']
}

/** Answers the calls of sockets: as requests from the address that the socket was opened from. */
export function callsOver({ fetch }: HttpServer, prefix: string, trust: TrustProxy): LiveOptions<Caller>['call'] {
  if (fetch === undefined) return undefined
  return (path, init, upgrade) => {
    const from = { address: callerAddress(upgrade, trust), port: upgrade.socket.remotePort ?? 0 }
    return fetch(new Request(`http://${upgrade.headers.host ?? '127.0.0.1'}${prefix}${path}`, init), from)
  }
}
