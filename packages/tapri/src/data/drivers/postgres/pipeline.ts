import { mayPass } from './failure.ts'

type Translate = (cause: unknown) => unknown

/**
 * The statements of one connection, sent one behind the other without waiting for answers. PostgreSQL runs them in their
 * order, and after one that fails it runs no more of the transaction.
 */
export class Pipeline {
  #sent: Promise<unknown>[] = []
  #atWork = 0
  #failed: unknown

  /** What makes COMMIT impossible, though somebody may have caught it. */
  get failed(): unknown {
    return this.#failed
  }

  get isAtWork(): boolean {
    return this.#atWork > 0
  }

  /** Sends a statement and goes on. */
  send(statement: () => Promise<unknown>, translate: Translate): void {
    const sent = this.#watched(statement, translate)
    sent.catch(() => {})
    this.#sent.push(sent)
  }

  /** Sends a statement and waits for its answer.
   * @throws what the first of those before it has met, if one has failed */
  async ask<T>(statement: () => Promise<T>, translate: Translate): Promise<T> {
    const asked = this.#watched(statement, translate)
    asked.catch(() => {})
    await this.heard()
    return asked
  }

  /** Ends when all that was sent is answered.
   * @throws what the first that failed has met */
  async heard(): Promise<void> {
    if (this.#sent.length === 0) return
    const failed = (await this.#settled()).find(({ status }) => status === 'rejected')
    if (failed?.status === 'rejected') throw failed.reason
  }

  /** Ends when all that was sent is answered, however. */
  async quiet(): Promise<void> {
    await this.#settled()
  }

  async #settled(): Promise<PromiseSettledResult<unknown>[]> {
    const sent = this.#sent
    this.#sent = []
    return Promise.allSettled(sent)
  }

  async #watched<T>(statement: () => Promise<T>, translate: Translate): Promise<T> {
    if (this.#failed !== undefined) throw this.#failed
    this.#atWork++
    try {
      return await statement()
    } catch (cause) {
      const error = translate(cause)
      if (mayPass(error)) this.#failed ??= error
      throw error
    } finally {
      this.#atWork--
    }
  }
}
