import type { HeardMessage } from './channel-types.ts'

interface Source {
  onMessage(listener: (message: HeardMessage<unknown>) => void): () => void
  onEnd(listener: (error: Error | undefined) => void): () => void
}

type Result = IteratorResult<HeardMessage<unknown>, undefined>

/** The messages of a channel one after another, none left out; leaving the loop does not leave the channel. */
export class MessageQueue implements AsyncIterator<HeardMessage<unknown>, undefined> {
  readonly #waiting: HeardMessage<unknown>[] = []
  /** Those who wait for a message, in their order. */
  readonly #asking: ((answer: Result | Promise<never>) => void)[] = []
  readonly #cancels: (() => void)[]
  #end: { readonly error: Error | undefined } | undefined

  constructor(source: Source) {
    this.#cancels = [
      source.onMessage((message) => {
        this.#waiting.push(message)
        this.#answer()
      }),
      source.onEnd((error) => {
        this.#end ??= { error }
        this.#answer()
      }),
    ]
  }

  next(): Promise<Result> {
    return new Promise((resolve) => {
      this.#asking.push(resolve)
      this.#answer()
    })
  }

  return(): Promise<Result> {
    for (const cancel of this.#cancels) cancel()
    this.#waiting.splice(0)
    this.#end = { error: undefined }
    return this.next()
  }

  #answer(): void {
    while (this.#asking.length > 0) {
      const answer = this.#take()
      if (answer === undefined) return
      this.#asking.shift()?.(answer)
    }
  }

  /** Nothing while there may come more. */
  #take(): Result | Promise<never> | undefined {
    const message = this.#waiting.shift()
    if (message !== undefined) return { done: false, value: message }
    if (this.#end?.error !== undefined) return Promise.reject(this.#end.error)
    return this.#end && { done: true, value: undefined }
  }
}
