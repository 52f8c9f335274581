import { Answer } from './answer.ts'
import { sendWhole } from './respond.ts'

/** What a body that is here whole is. */
export type WholeKind = 'json' | 'wire' | 'text' | 'html' | 'bytes'

/** An answer whose body is here whole, so that it can be kept. */
export class WholeAnswer<out Value = unknown> extends Answer<Value> {
  readonly kind: WholeKind
  readonly body: string | Uint8Array

  constructor(kind: WholeKind, body: string | Uint8Array) {
    super((exchange) => sendWhole(exchange, exchange.shared.heads[kind], body))
    this.kind = kind
    this.body = body
  }
}
