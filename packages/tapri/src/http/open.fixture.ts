import { connect } from 'node:net'
import type { TestContext } from 'node:test'
import { type LogEntry, openLog } from '../observe/index.ts'
import { HttpContext } from './context.ts'
import { controller, routeKit, servedRoutes } from './kit.ts'
import { type HttpOptions, type HttpServer, openHttp } from './server.ts'
import type { Route } from './types.ts'

/** A listening server for the tests of this room, closed when the test ends. */
export interface Tried {
  readonly url: string
  readonly http: HttpServer
  /** What was logged so far. */
  readonly entries: LogEntry[]
  /** Sends bytes as they are and answers all that comes back until the connection closes. */
  raw(bytes: string | Buffer): Promise<string>
}

export const visitor = routeKit<HttpContext>('visitor')

export async function openForTest(
  test: TestContext,
  routes: Readonly<Record<string, Route<string, any, any>>>,
  options: Partial<HttpOptions> = {},
): Promise<Tried> {
  const log = openLog({ format: 'silent' })
  const entries: LogEntry[] = []
  log.subscribe((entry) => entries.push(entry))
  const http = openHttp({
    routes: servedRoutes({ things: controller('/', routes) }, ''),
    Context: HttpContext,
    log,
    production: false,
    ...options,
  })
  const url = await http.listen({ port: 0, host: '127.0.0.1' })
  test.after(async () => {
    const stopped = http.stop(0)
    // a clock that is driven does not move by itself
    const { clock } = options
    if (clock !== undefined && 'advance' in clock && typeof clock.advance === 'function') clock.advance(1000)
    await stopped
  })
  return { url, http, entries, raw: (bytes) => sendRaw(url, bytes) }
}

/** A problem document as tests look at it. */
export async function problemIn(response: Response): Promise<Record<string, any>> {
  return { contentType: response.headers.get('content-type'), ...JSON.parse(await response.text()) }
}

function sendRaw(url: string, bytes: string | Buffer): Promise<string> {
  return new Promise((resolve) => {
    let text = ''
    const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', allowHalfOpen: true })
    socket.setEncoding('latin1')
    socket.on('data', (chunk) => {
      text += chunk
    })
    socket.on('error', () => resolve(text))
    socket.on('end', () => socket.end())
    socket.on('close', () => resolve(text))
    socket.write(bytes)
  })
}
