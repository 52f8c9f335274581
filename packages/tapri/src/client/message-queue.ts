import type { HeardMessage } from './channel-types.ts'

interface Source {
  onMessage(listener: (message: HeardMessage<unknown>) => void): () => void
  onEnd(listener: (error: Error | undefined) => void): () => void
}

type Result = IteratorResult<HeardMessage<unknown>, undefined>

/** The messages of a channel one after another, none left out; leaving the loop does not leave the channel. */
export class MessageQueue implements AsyncIterator<HeardMessage<unknown>, undefined> {
  readonly #waiting: HeardMessage<unknown>[] = []
  readonly #cancels: (() => void)[]
  #end: { readonly error: Error | undefined } | undefined
  #wake = () => {}

  constructor(source: Source) {
    this.#cancels = [
      source.onMessage((message) => {
        this.#waiting.push(message)
        this.#wake()
      }),
      source.onEnd((error) => {
        this.#end ??= { error }
        this.#wake()
      }),
    ]
  }

  async next(): Promise<Result> {
    for (;;) {
      const message = this.#waiting.shift()
      if (message !== undefined) return { done: false, value: message }
      if (this.#end?.error !== undefined) throw this.#end.error
      if (this.#end !== undefined) return { done: true, value: undefined }
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  async return(): Promise<Result> {
    for (const cancel of this.#cancels) cancel()
    this.#waiting.splice(0)
    this.#end = { error: undefined }
    return { done: true, value: undefined }
  }
}
