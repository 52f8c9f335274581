import type { Uploaded } from '../../app/types.ts'
import { milliseconds } from '../../kit/measures.ts'
import { Deadline } from '../deadline.ts'
import { loadPart } from '../load-part.ts'
import type { Settings } from '../options.ts'
import type { CallOptions } from '../types.ts'
import { uses } from './given.ts'

type Input = Readonly<Record<string, unknown>>

interface Call {
  readonly input: Input
  readonly options: CallOptions
}

/** A larger file, in bytes, travels ahead of its call, in pieces: a lost connection does not cost all of it. */
const large = 16 * 1024 * 1024

/** Uploads the files of a call ahead of it where one is large; answers the call as it goes on. */
export async function sendAhead(settings: Settings, route: string, call: Call): Promise<Call> {
  const { input, options } = call
  const files = Object.entries(input).flatMap(([field, value]) => (value instanceof Blob ? [{ field, file: value }] : []))
  if (!files.some(({ file }) => file.size > large)) return call
  const { onProgress, timeout, retries = settings.retries, ...others } = options
  const { clock } = settings
  const allowed = timeout === undefined ? undefined : milliseconds(timeout)
  const began = clock.now()
  const deadline = new Deadline(clock, allowed, { what: `the upload for ${route}`, signal: options.signal })
  const total = files.reduce((sum, { file }) => sum + file.size, 0)
  const uploaded: Record<string, Uploaded> = {}
  let before = 0
  try {
    for (const { field, file } of files) {
      const onSent = ({ sent }: { readonly sent: number }) => onProgress?.({ sent: before + sent, total })
      const patience = retries === 0 ? 0 : '15m'
      uploaded[field] = await once(file, options.key && `${route} ${field} ${options.key}`, async () => {
        const { begin } = await loadPart('large files', () => import('./begin.ts'), { clock, signal: deadline.signal })
        return begin(settings, { route, field }, file, { signal: deadline.signal, patience, onProgress: onSent }).done
      })
      before += file.size
    }
  } finally {
    deadline.clear()
  }
  const left = allowed === undefined ? {} : { timeout: Math.max(0, allowed - (clock.now() - began)) }
  return { input: { ...input, ...uploaded }, options: { ...others, retries, ...left } }
}

/** What calls with a key have sent ahead: a call that is sent again under its key must be the same one. */
const byKey = new WeakMap<Blob, Map<string, Uploaded>>()

async function once(file: Blob, key: string | undefined, send: () => Promise<Uploaded>): Promise<Uploaded> {
  if (key === undefined) return send()
  const sent = byKey.get(file) ?? new Map<string, Uploaded>()
  byKey.set(file, sent)
  const uploaded = sent.get(key) ?? (await send())
  sent.set(key, uploaded)
  return uploaded
}

/** A call with this input has gone well: what was uploaded for it is used. */
export function given(input: Input): void {
  for (const value of Object.values(input)) if (typeof value === 'object' && value !== null) uses.get(value)?.()
}
