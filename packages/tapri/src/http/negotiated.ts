import { httpError } from './errors.ts'
import type { Exchange } from './exchange.ts'
import { acceptedType } from './negotiation.ts'

/**
 * Calls the maker whose media type the caller likes best, and says that the answer varies with that.
 * @throws TAPRI_HTTP_NOT_ACCEPTABLE
 */
export function negotiated<T>(
  exchange: Exchange,
  reply: { header(name: string, value: string): unknown },
  makers: Readonly<Record<string, () => T>>,
): T {
  const types = Object.keys(makers)
  reply.header('Vary', 'Accept')
  const accepted = exchange.request.headers.accept
  const type = accepted === undefined ? types[0] : acceptedType(exchange.request, types)
  const make = type === undefined ? undefined : makers[type]
  if (make !== undefined) return make()
  throw httpError('TAPRI_HTTP_NOT_ACCEPTABLE', `Cannot answer as ${accepted?.slice(0, 200)}: there is ${types.join(', ')}`, {
    facts: { types },
  })
}
