import type { Files } from '../files/index.ts'
import { routeKit } from '../http/index.ts'
import { text } from '../schema/index.ts'
import type { AppContext } from './context.ts'

const visitor = routeKit<AppContext>('visitor')
const spec = {
  params: { stream: text({ max: 64 }) },
  query: { key: text({ max: 64 }) },
  streamed: true,
  etag: false,
  compress: false,
} as const

/** Where encoders send what is live: whoever has the URL may. */
export function streamRoutes({ streams }: Files) {
  const path = '/streams/:stream'
  return {
    stream: visitor.put(path, spec, ({ params, query, request }) => streams.push(params.stream, query.key, request)),
    streamPosted: visitor.post(path, spec, ({ params, query, request }) => streams.push(params.stream, query.key, request)),
  }
}
