import { AsyncLocalStorage } from 'node:async_hooks'
import type { Database } from '../data/index.ts'
import type { ServedRoute } from '../http/index.ts'
import { AppContext } from './context.ts'

interface Call {
  readonly context: AppContext
  /** Of its last commit. */
  position: number
}

/** Tells who has written where that is seen: `Tapri-Token`, at which live answers have all that the call has committed. */
export class WriteTokens {
  readonly #calls = new AsyncLocalStorage<Call>()
  readonly #epoch: string

  constructor(changes: Pick<Database['changes'], 'epoch' | 'onOwnCommit'>) {
    this.#epoch = changes.epoch
    changes.onOwnCommit((position) => this.#tell(position))
  }

  /** The same route, whose answers tell; a GET writes nothing. */
  over(route: ServedRoute): ServedRoute {
    const { method, handler } = route
    if (method === 'get') return route
    return {
      ...route,
      handler: (context) =>
        context instanceof AppContext ? this.#calls.run({ context, position: 0 }, handler, context) : handler(context),
    }
  }

  #tell(position: number): void {
    const call = this.#calls.getStore()
    if (call === undefined || position <= call.position) return
    call.position = position
    call.context.reply.header('Tapri-Token', `${this.#epoch}.${position}`)
  }
}
