import { clientError } from './errors.ts'
import type { FollowOptions, LiveLine } from './live-line.ts'
import { notify } from './notify.ts'
import { ShownAnswer, type ShownWrite } from './shown-answer.ts'
import type { LiveOptions, LiveState, LiveValue } from './types.ts'
import { LatestValues } from './values.ts'

const nothing: LiveState<never> = Object.freeze({ value: undefined, error: undefined, isReady: false })

/** One live answer, and who listens to it. */
export class FollowedValue implements LiveValue<unknown> {
  readonly route: string
  readonly #onError: LiveOptions['onError']
  readonly #stop: () => void
  readonly #onClose: () => void
  readonly #listeners = new Set<() => void>()
  readonly #answer = new ShownAnswer()
  #state: LiveState<unknown> = nothing
  #isClosed = false

  constructor(
    line: LiveLine,
    { route, input }: { readonly route: string; readonly input: Readonly<Record<string, unknown>> },
    { onError, onClose }: LiveOptions & { readonly onClose: () => void },
  ) {
    this.route = route
    this.#onError = onError
    this.#onClose = onClose
    const take = (value: unknown) => {
      this.#answer.take(value)
      this.refresh()
    }
    const options: FollowOptions = {
      onError: (error) => this.#fail(error),
      onAt: (at) => {
        this.#answer.reach(at)
        this.refresh()
      },
    }
    this.#stop = line.subscribe(route, input, take, options)
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
    this.#isClosed = true
    this.#stop()
    this.#onClose()
    this.#tell()
    this.#listeners.clear()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    return new LatestValues(this)
  }

  /** Shows the change of a write until the server's answer has it. What it throws at first is thrown here. */
  show(write: ShownWrite, change: (value: unknown) => unknown): void {
    if (this.#state.isReady) change(this.#state.value)
    this.#answer.add(write, change)
    this.refresh()
  }

  /** Forgets the change of a write that has changed nothing. */
  drop(write: ShownWrite): void {
    this.#answer.drop(write)
    this.refresh()
  }

  /** Whether the change of a write is still shown. */
  shows(write: ShownWrite): boolean {
    return this.#answer.shows(write)
  }

  /** Shows what is to be seen by now. */
  refresh(): void {
    const made = this.#answer.make()
    if (made === undefined || (this.#state.isReady && Object.is(made.value, this.#state.value))) return
    this.#state = Object.freeze({ value: made.value, error: undefined, isReady: true })
    this.#tell()
  }

  #fail(error: Error): void {
    if (this.#isClosed) return
    this.#state = Object.freeze({ ...this.#state, error })
    this.#isClosed = true
    this.#onClose()
    const onError = this.#onError
    if (onError !== undefined) notify(() => onError(error))
    this.#tell()
    this.#listeners.clear()
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) notify(listener)
  }
}

function closed(route: string) {
  return clientError('TAPRI_CLIENT_LIVE', `Cannot wait for "${route}": it was closed before its first answer came`)
}
