import { openApi, type ServedRoute } from '../http/index.ts'
import { content, type Fields, id, type JsonSchema, text } from '../schema/index.ts'
import { routesOf } from './part.ts'
import { refusalsIn } from './refusals.ts'
import type { AppDescription } from './types.ts'

export const defaultPrefix = '/api'

/** The route on which files are fetched: its path below the prefix, and what it takes. */
export const fileRoute = {
  path: '/files/:model/:id/:field',
  spec: {
    params: { model: text({ max: 100 }), id: id('that model'), field: text({ max: 100 }) } satisfies Fields,
    output: content('*/*'),
    summary: 'The file in a field of a row, for those who may read the row; ranges are answered',
    errors: { TAPRI_HTTP_PRECONDITION: 412, TAPRI_HTTP_RANGE: 416 },
  },
} as const

/**
 * The OpenAPI 3.1 document of an app, which need not be started for it: what `/openapi.json` answers and `tapri openapi`
 * prints. With `publicUrl` it says where the API is.
 * @example apiDocument(app.description).openapi // '3.1.0'
 */
export function apiDocument(description: AppDescription, { publicUrl }: { readonly publicUrl?: string } = {}): JsonSchema {
  const { models, parts } = description
  const { title = 'API', version = '1.0.0', prefix = defaultPrefix } = parts
  const hasUsers = Object.hasOwn(models, 'users')
  return openApi({
    title,
    version,
    description: parts.description,
    routes: [...routesOf(description, prefix), ...fileRoutes(description, prefix)],
    models,
    server: publicUrl?.replace(/\/$/, ''),
    ...(hasUsers && { sessionCookie: publicUrl?.startsWith('https:') ? '__Host-session' : 'session' }),
    refusals: refusalsIn(description),
  })
}

function fileRoutes({ models }: AppDescription, prefix: string): readonly ServedRoute[] {
  const hasFiles = Object.values(models).some((model) =>
    Object.values(model).some(({ '~field': facts }) => facts.kind === 'file'),
  )
  if (!hasFiles) return []
  const { path, spec } = fileRoute
  const route = { name: 'files.download', method: 'get', access: 'visitor', middleware: [] } as const
  return [{ ...route, path: `${prefix === '/' ? '' : prefix}${path}`, spec, handler: () => undefined }]
}
