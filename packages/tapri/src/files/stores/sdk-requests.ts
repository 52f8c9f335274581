import { remoteError } from './remote-error.ts'

/** How the SDK of a server tells why something was not done. */
export interface SdkRefusals {
  /** Where the files are, without secrets. */
  readonly shown: string
  /** Its word for a place that is missing: that is 404 too, and no answer to a question about a file. */
  readonly noPlace: string
  /** HTTP; undefined when there was no answer. */
  statusOf(cause: unknown): number | undefined
}

/** What is asked of a server by its SDK; whatever that throws is one of our errors afterwards. */
export class SdkRequests {
  readonly #refusals: SdkRefusals

  constructor(refusals: SdkRefusals) {
    this.#refusals = refusals
  }

  /** @throws TAPRI_FILES_STORE */
  async do<Output>(ask: () => Promise<Output>): Promise<Output> {
    try {
      return await ask()
    } catch (cause) {
      throw this.explained(cause)
    }
  }

  /** The same; undefined for a file, or an upload, that is not there. */
  async find<Output>(ask: () => Promise<Output>): Promise<Output | undefined> {
    try {
      return await ask()
    } catch (cause) {
      const { statusOf, noPlace } = this.#refusals
      if (statusOf(cause) === 404 && wordOf(cause) !== noPlace) return undefined
      throw this.explained(cause)
    }
  }

  explained(cause: unknown): unknown {
    const { shown, statusOf } = this.#refusals
    return remoteError({ shown, status: statusOf(cause), word: wordOf(cause), cause })
  }
}

/** The server's word for what is wrong. */
function wordOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name
}
