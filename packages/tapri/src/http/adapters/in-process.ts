import type { IncomingHeaders, Runtime } from './runtime.ts'
import { answerStandard, type StandardHooks } from './standard.ts'

/** Where a request comes from. */
export interface Sender {
  readonly address: string
  readonly port: number
}

const ownSender: Sender = { address: '127.0.0.1', port: 0 }
const mostRedirects = 20
const redirects: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

/**
 * Answers a request that comes from within the process, as `fetch` would over the network; redirects within the app are
 * followed, others are answered as they are.
 * @throws the signal's reason when the request is aborted
 */
export async function fetchInProcess(request: Request, hooks: StandardHooks, from: Sender = ownSender): Promise<Response> {
  let next = request
  for (let followed = 0; followed < mostRedirects; followed++) {
    const answer = await answerOne(next, hooks, from)
    const target = redirects.has(answer.status) ? answer.headers.get('location') : null
    if (target === null || request.redirect !== 'follow') return answer
    const url = new URL(target, next.url)
    const keepsMethod = answer.status === 307 || answer.status === 308
    // a body that has been sent is not there to be sent again
    if (url.origin !== new URL(next.url).origin || (keepsMethod && next.body !== null)) return answer
    const { headers, signal } = next
    next = new Request(url, { method: keepsMethod ? next.method : 'GET', headers, signal })
  }
  throw new TypeError(`Cannot fetch ${request.url}: it redirects without end`)
}

async function answerOne(request: Request, hooks: StandardHooks, from: Sender): Promise<Response> {
  const { signal } = request
  signal.throwIfAborted()
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = () => reject(signal.reason)
  signal.addEventListener('abort', abort)
  try {
    const answer = await Promise.race([answerStandard(request, from, withoutNetwork, hooks), aborted])
    return answer ?? Response.error()
  } finally {
    signal.removeEventListener('abort', abort)
  }
}

/** What a server would tell of a connection, where there is none. */
const withoutNetwork: Runtime<Sender> = {
  hostname: '127.0.0.1',
  passesHostless: false,
  target: ({ url }) => url.slice(url.indexOf('/', 8)),
  headers,
  address: (_request, from) => from,
  open() {
    throw new Error('Cannot open a WebSocket without a network')
  },
}

/** With those that `fetch` adds on its way. */
function headers(native: Request): IncomingHeaders {
  const all: Record<string, string> = Object.create(null)
  native.headers.forEach((value, name) => {
    all[name] = value
  })
  all.host ??= new URL(native.url).host
  if (native.body !== null && all['content-length'] === undefined) all['transfer-encoding'] = 'chunked'
  return all
}
