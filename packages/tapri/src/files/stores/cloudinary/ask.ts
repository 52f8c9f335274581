import { setTimeout } from 'node:timers/promises'
import { remoteError } from '../remote-error.ts'

/** A request, made anew for each attempt: what is signed has a time in it. */
export type Asking = () => readonly [url: string, init: RequestInit]

export interface AskOptions {
  readonly signal?: AbortSignal
  /** The answer is the bytes of a file, which may take any time. */
  readonly isStream?: boolean
}

const attempts = 4
/** Milliseconds for a request and its answer, but for the bytes of a file. */
const patience = 120_000

/**
 * Sends a request, again where that may help.
 * @throws TAPRI_FILES_STORE with the words of the answer
 */
export async function ask(shown: string, make: Asking, options: AskOptions = {}): Promise<Response> {
  const answer = await find(shown, make, options)
  if (answer !== undefined) return answer
  throw remoteError({ shown, status: 404, word: 'status 404', cause: undefined })
}

/** The same; undefined when there is no such file. */
export async function find(shown: string, make: Asking, options: AskOptions = {}): Promise<Response | undefined> {
  const { signal } = options
  for (let attempt = 1; ; attempt++) {
    const asked = await attemptTo(make, options)
    if (asked instanceof Response && asked.ok) return asked
    if (asked instanceof Response && asked.status === 404) {
      await asked.body?.cancel()
      return undefined
    }
    signal?.throwIfAborted()
    if (attempt === attempts || (asked instanceof Response && asked.status < 500)) throw await explained(shown, asked)
    await setTimeout(100 * 2 ** attempt, undefined, { signal })
  }
}

function attemptTo(make: Asking, { signal, isStream = false }: AskOptions): Promise<Response | Error> {
  const ends = [...(signal === undefined ? [] : [signal]), ...(isStream ? [] : [AbortSignal.timeout(patience)])]
  const [url, init] = make()
  return fetch(url, { ...init, signal: AbortSignal.any(ends) }).catch((cause: Error) => cause)
}

async function explained(shown: string, asked: Response | Error): Promise<unknown> {
  if (asked instanceof Error) return remoteError({ shown, status: undefined, word: causeOf(asked), cause: asked })
  // 420 is Cloudinary's own for too many requests
  const status = asked.status === 420 ? 429 : asked.status
  const message = fieldOf(fieldOf(await asked.json().catch(() => undefined), 'error'), 'message')
  const word = typeof message === 'string' ? message : `status ${asked.status}`
  return remoteError({ shown, status, word, cause: new Error(word) })
}

function causeOf(error: Error): string {
  const { cause } = error
  return cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : error.name
}

/** A field of what JSON has told. */
export function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
  return new Map<string, unknown>(Object.entries(value)).get(name)
}
