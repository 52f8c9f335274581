import { clientError } from './errors.ts'
import { notify } from './notify.ts'
import type { LiveOptions, LiveState, LiveValue } from './types.ts'
import { LatestValues } from './values.ts'

const nothing: LiveState<never> = Object.freeze({ value: undefined, error: undefined, isReady: false })

/** One live answer, and who listens to it. */
export class FollowedValue implements LiveValue<unknown> {
  readonly route: string
  readonly input: Readonly<Record<string, unknown>>
  /** Ends what brings the answer. */
  stop = () => {}
  readonly #onError: LiveOptions['onError']
  readonly #onClose: () => void
  readonly #listeners = new Set<() => void>()
  #state: LiveState<unknown> = nothing
  #isClosed = false

  constructor(
    { route, input }: { readonly route: string; readonly input: Readonly<Record<string, unknown>> },
    { onError, onClose }: LiveOptions & { readonly onClose: () => void },
  ) {
    this.route = route
    this.input = input
    this.#onError = onError
    this.#onClose = onClose
  }

  get state(): LiveState<unknown> {
    return this.#state
  }

  get value(): unknown {
    return this.#state.value
  }

  get error(): Error | undefined {
    return this.#state.error
  }

  get ready(): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const settle = () => {
        if (this.#state.error !== undefined) reject(this.#state.error)
        else if (this.#state.isReady) resolve(this.#state.value)
        else if (this.#isClosed) reject(closed(this.route))
        else return false
        return true
      }
      if (settle()) return
      const cancel = this.onState(() => settle() && cancel())
    })
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  onChange(listener: (value: unknown) => void): () => void {
    let seen = this.#state
    return this.onState(() => {
      const state = this.#state
      if (state === seen || state.error !== undefined) return
      seen = state
      listener(state.value)
    })
  }

  onState(listener: () => void): () => void {
    // the same function may be given twice
    const own = () => listener()
    this.#listeners.add(own)
    return () => void this.#listeners.delete(own)
  }

  close(): void {
    if (this.#isClosed) return
    this.#end()
    this.stop()
    this.#tellLast()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    return new LatestValues(this)
  }

  /** The answer is this now. */
  take(value: unknown): void {
    // a change that is withdrawn after the end must not bring back what it was shown over
    if (this.#isClosed) return
    if (this.#state.isReady && Object.is(value, this.#state.value)) return
    this.#state = Object.freeze({ value, error: undefined, isReady: true })
    this.#tell()
  }

  /** There will be no more answers. */
  fail(error: Error): void {
    if (this.#isClosed) return
    // what may not be read any more is not to be shown on
    this.#state = Object.freeze({ ...nothing, error })
    this.#end()
    const onError = this.#onError
    if (onError !== undefined) notify(() => onError(error))
    this.#tellLast()
  }

  #end(): void {
    this.#isClosed = true
    this.#onClose()
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) notify(listener)
  }

  #tellLast(): void {
    this.#tell()
    this.#listeners.clear()
  }
}

function closed(route: string) {
  return clientError('TAPRI_CLIENT_LIVE', `Cannot wait for "${route}": it was closed before its first answer came`)
}
