import { relative, sep } from 'node:path'
import { Answer } from '../http/index.ts'
import { filesError } from './errors.ts'
import type { Store } from './store.ts'
import type { SendBy } from './types.ts'

interface Wanted {
  readonly key: string
  readonly type: string
  readonly headers: Readonly<Record<string, string>>
  /** Whether its caller may be sent to the store: what was made of files is fetched by scripts, which may not follow there. */
  readonly mayRedirect: boolean
  /** The answer by this process. */
  readonly here: Answer
}

/** Seconds that a URL of the store works: it is followed at once. */
const followedWithin = 300

/** An answer that lets another send the bytes; undefined when there is no other. */
export function sentElsewhere(wanted: Wanted, store: Store, sendBy: SendBy | undefined): Answer | undefined {
  if (sendBy === undefined) return undefined
  if (sendBy === 'store') return wanted.mayRedirect ? sentByStore(wanted, store) : undefined
  const path = store.path?.(wanted.key)
  if (path === undefined) return undefined
  const { header } = sendBy
  return emptyAnswer(200, { ...wanted.headers, 'Content-Type': wanted.type, [header]: pathFor(path, sendBy) })
}

/** Finds out at the start, not at the first download, that the files do not lie where they were said to.
 * @throws TAPRI_FILES_SEND_BY */
export function requireSendBy(store: Store, sendBy: SendBy | undefined): void {
  const path = store.path?.('00000000')
  if (typeof sendBy === 'object' && path !== undefined) pathFor(path, sendBy)
}

function sentByStore({ key, type, headers, here }: Wanted, { direct }: Store): Answer | undefined {
  if (direct === undefined) return undefined
  const disposition = headers['Content-Disposition'] ?? 'attachment'
  return new Answer(async (exchange) => {
    // the URL is signed for GET
    if (exchange.request.method === 'HEAD') return here.send(exchange)
    const url = await direct.downloadUrl(key, { expires: followedWithin, type, disposition })
    await emptyAnswer(302, { Location: url, 'Cache-Control': 'private, no-store' }).send(exchange)
  })
}

function emptyAnswer(status: number, headers: Readonly<Record<string, string>>): Answer {
  return new Answer((exchange) => {
    exchange.status = status
    exchange.writeHead([...exchange.shared.heads.security, ...Object.entries(headers).flat(), 'Content-Length', 0])
    exchange.response.end()
  })
}

function pathFor(path: string, { from, to = '' }: Exclude<SendBy, 'store'>): string {
  if (from === undefined) return path
  const inside = relative(from, path)
  if (!inside.startsWith('..') && !inside.startsWith(sep)) return `${to}/${inside.split(sep).join('/')}`
  throw filesError(
    'TAPRI_FILES_SEND_BY',
    `Cannot let another server send files: they lie at "${path}", which is not in sendBy.from, "${from}"`,
  )
}
