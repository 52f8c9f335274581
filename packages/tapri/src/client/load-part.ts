import type { Clock } from '../kit/clock.ts'
import { Backoff } from './backoff.ts'
import { unlessAborted } from './deadline.ts'
import { clientError } from './errors.ts'

interface Loading {
  readonly clock: Clock
  /** How often it is tried again: twice unless told. */
  readonly retries?: number
  readonly signal?: AbortSignal | undefined
  /** Called when a try has failed and another follows, or when there is no network, which is then waited for. */
  readonly onOffline?: () => void
}

/**
 * Loads a part of the client that not every page needs; again, when the network fails.
 * @throws TAPRI_CLIENT_PART; the signal's reason when that aborts
 */
export function loadPart<Part>(what: string, load: () => Promise<Part>, loading: Loading): Promise<Part> {
  return unlessAborted(tried(what, load, loading), loading.signal)
}

async function tried<Part>(what: string, load: () => Promise<Part>, { clock, retries = 2, onOffline }: Loading): Promise<Part> {
  const backoff = new Backoff()
  for (let left = retries; ; left--) {
    if (onOffline !== undefined && isOffline()) {
      onOffline()
      await new Promise((resolve) => addEventListener('online', resolve, { once: true }))
    }
    try {
      return await load()
    } catch (cause) {
      if (left === 0) {
        const message = `Cannot load the part of the client for ${what}: load the page again, it may be of an older version`
        throw clientError('TAPRI_CLIENT_PART', message, { cause })
      }
    }
    onOffline?.()
    await new Promise<void>((resolve) => clock.after(backoff.next(undefined), resolve))
  }
}

/** Some browsers never ask again for a module that they have not got once (whatwg/html#6768), so nothing is tried in vain. */
function isOffline(): boolean {
  const browser: { readonly onLine?: boolean } | undefined = globalThis.navigator
  return browser?.onLine === false
}
