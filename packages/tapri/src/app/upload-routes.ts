import {
  type Asking,
  abilities,
  draftVersion,
  type Files,
  greeting,
  offsetType,
  partialType,
  protocolOf,
  readCreation,
  stateHeaders,
  targetOf,
  type UploadState,
  wrongType,
} from '../files/index.ts'
import { layer, routeKit, type ServedRoute, senderOf, sendInterim } from '../http/index.ts'
import { TapriError } from '../kit/errors.ts'
import { partial, text } from '../schema/index.ts'
import { type AppContext, admitCaller } from './context.ts'

interface UploadRoutes {
  readonly files: Files
  /** Of the app. */
  readonly prefix: string
  /** The app's own, by their names. */
  readonly routes: ReadonlyMap<string, ServedRoute>
}

const visitor = routeKit<AppContext>('visitor')
const plain = { etag: false, compress: false, idempotencyKey: 'ignored' } as const
const placed = partial({ route: text({ max: 255 }), field: text({ max: 255 }) })
const named = { name: text({ max: 64 }) }

/** Where uploads begin, and go on: by tus 1.0 and by the IETF draft "Resumable Uploads for HTTP". */
export function uploadRoutes({ files: { uploads }, prefix, routes }: UploadRoutes) {
  const path = `${prefix}/uploads`
  return {
    uploads: visitor.post('/uploads', { ...plain, streamed: true, query: placed }, (context) =>
      answering(context, async () => {
        const asking = askingOf(context)
        const creation = readCreation(asking, context.query)
        const { route } = targetOf({ find: (name) => routes.get(name) }, creation)
        admitCaller(route.access, context.calling.caller)
        // as it would run around the request that gives the file to a row
        return layer(route.middleware, async () => {
          const begun = await uploads.create(
            creation,
            asking,
            ({ name, ...state }) => creation.protocol === 'draft' && tellOfResumption(context, `${path}/${name}`, state),
          )
          const { name, direct } = begun
          tell(context, begun)
          context.reply.status(201).header('Location', `${path}/${name}`)
          return direct === undefined ? undefined : { upload: name, direct }
        })(context)
      }),
    ),
    upload: visitor.get('/uploads/:name', { ...plain, params: named }, (context) =>
      answering(context, async () => tell(context, await uploads.state(context.params.name, context.user))),
    ),
    uploadPiece: visitor.patch('/uploads/:name', { ...plain, params: named, streamed: true }, (context) =>
      answering(context, () => append(context)),
    ),
    uploadDone: visitor.post('/uploads/:name', { ...plain, params: named, streamed: true }, (context) =>
      answering(context, async () => {
        // for those who are not let send a PATCH
        if (context.request.headers['x-http-method-override'] === 'PATCH') return append(context)
        tell(context, await uploads.finish(context.params.name, context.user))
      }),
    ),
    uploadRemoved: visitor.delete('/uploads/:name', { ...plain, params: named, streamed: true }, (context) =>
      answering(context, () => uploads.remove(context.params.name, context.user)),
    ),
  }

  async function append(context: AppContext & { readonly params: { readonly name: string } }): Promise<void> {
    const { headers } = context.request
    const protocol = protocolOf(headers) ?? 'tus'
    const type = protocol === 'tus' ? offsetType : partialType
    if (headers['content-type'] !== type) throw wrongType(type)
    tell(context, await uploads.append(context.params.name, askingOf(context), protocol))
  }
}

/** What OPTIONS answers below the prefix, where there are uploads. */
export function uploadAbilities(prefix: string): (path: string) => Readonly<Record<string, string>> | undefined {
  const path = `${prefix}/uploads`
  return (asked) => (asked === path || asked.startsWith(`${path}/`) ? abilities : undefined)
}

/** Lets what is refused tell where the upload stands, too. */
async function answering<T>({ request, reply }: AppContext, run: () => Promise<T>): Promise<T> {
  for (const [name, value] of Object.entries(greeting(request.headers))) reply.header(name, value)
  try {
    // tus 1.0: of another version no request is processed, whatever its method
    protocolOf(request.headers)
    return await run()
  } catch (error) {
    const { offset, maxSize } = (error instanceof TapriError && error.facts) || {}
    if (typeof offset === 'number') reply.header('Upload-Offset', String(offset))
    if (typeof maxSize === 'number') reply.header('Upload-Limit', `max-size=${maxSize}`)
    throw error
  }
}

function tell({ reply, now }: AppContext, state: UploadState): void {
  for (const [name, value] of Object.entries(stateHeaders(state, { now: now.getTime() }))) reply.header(name, value)
}

/** Where to go on when this request does not come to its end, for those who can read it; answers whether it was said. */
function tellOfResumption(context: AppContext, location: string, { maxSize }: UploadState): boolean {
  const version = draftVersion(context.request.headers)
  if (version === undefined) return false
  const headers = { Location: location, 'Upload-Limit': `max-size=${maxSize}`, 'Upload-Draft-Interop-Version': version }
  return sendInterim(context, 104, 'Upload Resumption Supported', headers)
}

function askingOf({ request, user, ip }: AppContext): Asking {
  return { headers: request.headers, body: request, user, sender: senderOf(ip) }
}
