import { openApi, type ServedRoute } from '../http/index.ts'
import type { JsonSchema } from '../schema/index.ts'
import { fileRoutes } from './file-routes.ts'
import { routesOf } from './part.ts'
import { refusalsIn } from './refusals.ts'
import type { AppDescription } from './types.ts'
import { uploadOperations } from './upload-operations.ts'

export const defaultPrefix = '/api'

/**
 * The OpenAPI 3.1 document of an app, which need not be started for it: what `/openapi.json` answers and `tapri openapi`
 * prints. With `publicUrl` it says where the API is.
 * @example apiDocument(app.description).openapi // '3.1.0'
 */
export function apiDocument(description: AppDescription, { publicUrl }: { readonly publicUrl?: string } = {}): JsonSchema {
  const { models, parts } = description
  const { title = 'API', version = '1.0.0', prefix = defaultPrefix } = parts
  const hasUsers = Object.hasOwn(models, 'users')
  const routes = routesOf(description, prefix)
  return openApi({
    title,
    version,
    description: parts.description,
    routes: [...routes, ...routesOfFiles(description, prefix)],
    operations: uploadOperations(routes, prefix === '/' ? '' : prefix),
    models,
    server: publicUrl?.replace(/\/$/, ''),
    ...(hasUsers && { sessionCookie: publicUrl?.startsWith('https:') ? '__Host-session' : 'session' }),
    refusals: refusalsIn(description),
  })
}

function routesOfFiles({ models }: AppDescription, prefix: string): readonly ServedRoute[] {
  const facts = Object.values(models).flatMap((model) => Object.values(model).map((field) => field['~field']))
  const files = facts.filter(({ kind }) => kind === 'file')
  const { download, part } = fileRoutes
  const names = [
    ...(files.length > 0 ? [['download', download] as const] : []),
    ...(files.some((file) => 'media' in file) ? [['part', part] as const] : []),
  ]
  return names.map(([name, { path, spec }]) => ({
    name: `files.${name}`,
    method: 'get',
    access: 'visitor',
    middleware: [],
    path: `${prefix === '/' ? '' : prefix}${path}`,
    spec,
    handler: () => undefined,
  }))
}
