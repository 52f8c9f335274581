import type { Files } from '../files/index.ts'
import {
  explorerFile,
  manifestOf,
  missingExplorerPage,
  referencePage,
  referencePolicy,
  routeKit,
  type ServedRoute,
} from '../http/index.ts'
import type { Live } from '../live/index.ts'
import { content, type JsonSchema, text } from '../schema/index.ts'
import { apiDocument } from './api-document.ts'
import type { AppContext } from './context.ts'
import { mountFiles } from './file-routes.ts'
import { routesOf } from './part.ts'
import { streamRoutes } from './stream-routes.ts'
import type { AppDescription } from './types.ts'
import { uploadRoutes } from './upload-routes.ts'

interface Mounted {
  readonly description: AppDescription
  readonly files: Files
  readonly prefix: string
  readonly production: boolean
  readonly publicUrl: string | null
  /** Asked once a line is opened, when it is there. */
  live(): Live
}

const visitor = routeKit<AppContext>('visitor')

/** The app's routes, and the framework's own beside them: what clients must know, the API's description, files. */
export function mountRoutes({ description, files, prefix, production, publicUrl, live }: Mounted): readonly ServedRoute[] {
  const routes = routesOf(description, prefix)
  const manifest = manifestOf(routes)
  let document: JsonSchema | undefined
  const describe = () => {
    document ??= apiDocument(description, publicUrl === null ? {} : { publicUrl })
    return document
  }
  const hasReference = description.parts.reference ?? !production
  return [
    ...routes,
    own(
      'manifest',
      `${prefix}/tapri.json`,
      visitor.get('/', () => manifest),
    ),
    own('openapi', documentPath, visitor.get('/', describe)),
    ...ownBelow(prefix, mountFiles(files)),
    ...ownBelow(prefix, uploadRoutes({ files, prefix, routes: new Map(routes.map((route) => [route.name, route])) })),
    ...(files.streams.isUsed ? ownBelow(prefix, streamRoutes(files)) : []),
    ...lineRoutes(prefix, live),
    ...(hasReference ? referenceRoutes(description, new Set(routes.map(({ path }) => path))) : []),
  ]
}

/** Live answers where no WebSocket passes: events one way, requests the other. */
function lineRoutes(prefix: string, live: () => Live): readonly ServedRoute[] {
  const opened = visitor.get('/', { compress: false }, async ({ reply, request, signal }) => {
    // nobody would read it, and end it
    if (request.method === 'HEAD') return ''
    return reply.events(await live().openLine(request, signal))
  })
  const taken = visitor.post('/', { query: { line: text({ max: 64 }) } }, async ({ query, bodyBytes, request }) => {
    const frames = new TextDecoder().decode(bodyBytes)
    await live().takeFrames(request, { ...lineQuery(query), frames })
  })
  return [own('events', `${prefix}/live/events`, opened), own('frames', `${prefix}/live/frames`, taken)]
}

// The route's own check has seen to it.
function lineQuery(query: unknown): { readonly line: string } {
  return query as { readonly line: string }
}

const documentPath = '/openapi.json'
const referencePath = '/reference'

/** The reference page and its script; not where the app has pages of its own. */
function referenceRoutes({ parts }: AppDescription, taken: ReadonlySet<string>): readonly ServedRoute[] {
  const { title = 'API' } = parts
  const script = `${referencePath}/explorer.js`
  if (taken.has(referencePath) || taken.has(script)) return []
  const file = explorerFile()
  const page =
    file === undefined ? missingExplorerPage(title, documentPath) : referencePage({ title, document: documentPath, script })
  const shown = visitor.get('/', { output: content('text/html') }, ({ reply }) =>
    reply.header('Content-Security-Policy', referencePolicy).html(page),
  )
  if (file === undefined) return [own('reference', referencePath, shown)]
  const sent = visitor.get('/', { output: content('text/javascript') }, ({ reply }) => reply.file(file))
  return [own('reference', referencePath, shown), own('explorer', script, sent)]
}

interface OwnRoute {
  readonly definition: Omit<ServedRoute, 'name'>
}

function ownBelow(prefix: string, routes: Readonly<Record<string, OwnRoute>>): readonly ServedRoute[] {
  return Object.entries(routes).map(([name, route]) => own(name, `${prefix}${route.definition.path}`, route))
}

function own(name: string, path: string, route: OwnRoute): ServedRoute {
  return { ...route.definition, name: `tapri.${name}`, path }
}
