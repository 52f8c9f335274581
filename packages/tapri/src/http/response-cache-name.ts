import type { HttpContext } from './context.ts'
import type { Exchange } from './exchange.ts'
import { unwatched } from './response-cache-watch.ts'
import { canonicalUrl, hasCredentials, responseName } from './response-key.ts'

/** What of a cache tells the names of its answers. */
interface NamePlan {
  readonly vary: readonly string[]
  readonly options: { readonly per?: 'account'; readonly key?: (context: any) => string | readonly string[] }
}

/** Whose answer it is: empty for everybody's, undefined for one that must not come from the cache. */
export function accountOf(context: HttpContext, { request }: Exchange, { per }: NamePlan['options']): string | undefined {
  const user: unknown = 'user' in context ? context.user : undefined
  if (typeof user === 'object' && user !== null && 'id' in user) return per === 'account' ? `user ${String(user.id)}` : undefined
  return hasCredentials(request) || (user !== undefined && user !== null) ? undefined : ''
}

/** Whether a cache outside of this one is making the same answer: waiting for it would be waiting for oneself. */
export function isMaking(exchange: Exchange, context: HttpContext, plan: NamePlan): boolean {
  const { making } = exchange
  if (making === undefined || making.size === 0) return false
  return unwatched(exchange, () => {
    const account = accountOf(context, exchange, plan.options)
    return account !== undefined && making.has(nameFor(exchange, context, { plan, account }).name)
  })
}

/** The one spelling of the URL, and the name of its answer in the store. */
export function nameFor(
  exchange: Exchange,
  context: HttpContext,
  { plan, account }: { readonly plan: NamePlan; readonly account: string },
): { readonly url: string; readonly name: string } {
  const url = canonicalUrl(exchange)
  const key = plan.options.key?.(context) ?? ''
  return { url, name: responseName(exchange, { url, vary: plan.vary, account, key }) }
}
