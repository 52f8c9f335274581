import type { Files } from '../files/index.ts'
import { routeKit } from '../http/index.ts'
import { content, type Fields, id, int, oneOf, optional, text } from '../schema/index.ts'
import type { AppContext } from './context.ts'

const place = { model: text({ max: 100 }), id: id('that model'), field: text({ max: 100 }) } satisfies Fields
const signed = {
  v: optional(text({ max: 64 })),
  file: optional(id('files')),
  token: optional(text({ max: 100 })),
} satisfies Fields
const side = optional(int({ min: 1, max: 8192 }))
const size = {
  width: side,
  height: side,
  fit: optional(oneOf(['cover', 'inside'])),
  format: optional(oneOf(['auto', 'avif', 'webp', 'jpeg', 'png'])),
  quality: optional(int({ min: 1, max: 100 })),
} satisfies Fields

const errors = { TAPRI_FILES_SIGNATURE: 403, TAPRI_HTTP_PRECONDITION: 412, TAPRI_HTTP_RANGE: 416 } as const
const partParams = { ...place, part: text({ max: 100 }) } satisfies Fields
const partQuery = { ...signed, ...size } satisfies Fields

/** The routes on which files are fetched: their paths below the prefix, and what they take. */
export const fileRoutes = {
  download: {
    path: '/files/:model/:id/:field',
    spec: {
      params: place,
      query: signed,
      output: content('*/*'),
      summary: 'The file in a field of a row, for those who may read the row; ranges are answered',
      errors,
    },
  },
  part: {
    path: '/files/:model/:id/:field/:part',
    spec: {
      params: partParams,
      query: partQuery,
      output: content('*/*'),
      summary: 'What was made of the file in a field of a row: a size of a picture, a poster, a playlist',
      errors: { ...errors, TAPRI_FILES_PIXELS: 413, TAPRI_FILES_PICTURE: 422, TAPRI_FILES_BUSY: 503 },
    },
  },
} as const

const visitor = routeKit<AppContext>('visitor')

/** The framework's own routes for files, by their names. */
export function mountFiles(files: Files) {
  const { download, part } = fileRoutes
  return {
    files: visitor.get(download.path, download.spec, (context) =>
      files.download(context, { ...context.params, ...context.query }),
    ),
    parts: visitor.get(part.path, part.spec, (context) => files.part(context, { ...context.params, ...context.query })),
  }
}
