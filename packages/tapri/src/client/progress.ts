import { counted } from './download.ts'
import type { Settings } from './options.ts'
import type { OutgoingRequest } from './request.ts'
import { sendWithProgress } from './send-with-progress.ts'
import type { CallOptions } from './types.ts'

/** Tells a caller how far its call is. */
export class Progress {
  readonly #onProgress: CallOptions['onProgress']
  readonly #onDownload: CallOptions['onDownload']
  #thrown: { readonly error: unknown } | undefined

  constructor({ onProgress, onDownload }: CallOptions) {
    this.#onProgress = onProgress && this.#heard(onProgress)
    this.#onDownload = onDownload && this.#heard(onDownload)
  }

  /** Throws again what the caller's own functions have thrown: it is no connection that failed. */
  check(): void {
    if (this.#thrown !== undefined) throw this.#thrown.error
  }

  /** Sends a request, unless nobody wants to hear how much of it has left. */
  send(settings: Settings, request: OutgoingRequest, signal: AbortSignal | undefined): Promise<Response> | undefined {
    return this.#onProgress && sendWithProgress(settings, request, this.#onProgress, signal)
  }

  /** The same answer, which tells how much of it has come while it is read. */
  received(answer: Response): Response {
    return this.#onDownload === undefined ? answer : counted(answer, this.#onDownload)
  }

  #heard<State>(tell: (state: State) => void): (state: State) => void {
    return (state) => {
      try {
        tell(state)
      } catch (error) {
        this.#thrown = { error }
        throw error
      }
    }
  }
}
