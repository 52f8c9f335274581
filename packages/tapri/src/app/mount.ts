import type { Files } from '../files/index.ts'
import { manifestOf, openApi, routeKit, type ServedRoute } from '../http/index.ts'
import { type Fields, id, text } from '../schema/index.ts'
import type { AppContext } from './context.ts'
import { routesOf } from './part.ts'
import type { AppDescription } from './types.ts'

export const defaultPrefix = '/api'

interface Mounted {
  readonly description: AppDescription
  readonly files: Files
  readonly prefix: string
}

/** The app's routes, and the framework's own beside them: what clients must know, the API's description, files. */
export function mountRoutes({ description, files, prefix }: Mounted): readonly ServedRoute[] {
  const { title = 'API', version = '1.0.0' } = description.parts
  const routes = routesOf(description, prefix)
  const manifest = manifestOf(routes)
  const document = openApi({ title, version, routes, models: description.models })
  const visitor = routeKit<AppContext>('visitor')
  const own = (name: string, path: string, route: { readonly definition: Omit<ServedRoute, 'name'> }): ServedRoute => ({
    ...route.definition,
    name: `tapri.${name}`,
    path,
  })
  return [
    ...routes,
    own(
      'manifest',
      `${prefix}/tapri.json`,
      visitor.get('/', () => manifest),
    ),
    own(
      'openapi',
      '/openapi.json',
      visitor.get('/', () => document),
    ),
    own(
      'files',
      `${prefix}/files/:model/:id/:field`,
      visitor.get('/files/:model/:id/:field', fileInputs, ({ params, db }) =>
        files.download({ db }, params.model, params.id, params.field),
      ),
    ),
  ]
}

const fileInputs = {
  params: { model: text({ max: 100 }), id: id('any'), field: text({ max: 100 }) } satisfies Fields,
}

interface Place {
  readonly model: string
  readonly row: string
  readonly field: string
  readonly file: string
}

/** Where the file in a field of a row is fetched; the end of its id makes the URL of a new file a new one. */
export function fileUrl(base: string, { model, row, field, file }: Place): string {
  return `${base}/files/${model}/${row}/${field}?v=${file.slice(-12)}`
}
