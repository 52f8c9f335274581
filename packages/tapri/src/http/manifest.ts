import type { Manifest, ManifestRoute } from '../kit/manifest.ts'
import { fieldsOf, isStandardSchema } from '../schema/index.ts'
import { bodyKind } from './compile.ts'
import type { Method, ServedRoute } from './types.ts'

const methods: Readonly<Record<Method, ManifestRoute['method']>> = {
  get: 'GET',
  post: 'POST',
  put: 'PUT',
  patch: 'PATCH',
  delete: 'DELETE',
}

/**
 * What the typed client must know of these routes.
 * @example manifestOf(routes)['videos.list'] // { method: 'GET', path: '/api/videos', query: ['page'], body: 'none' }
 */
export function manifestOf(routes: readonly ServedRoute[]): Manifest {
  return Object.fromEntries(
    routes.map((route) => {
      const { query } = route.spec
      const names = query !== undefined && isStandardSchema(query) ? ('*' as const) : Object.keys(fieldsOf(query))
      const kind = bodyKind(route)
      // what is streamed is for senders who know how
      const body = kind === 'stream' ? 'none' : kind
      return [route.name, { method: methods[route.method], path: route.path, query: names, body }]
    }),
  )
}
